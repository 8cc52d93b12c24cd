/** What every component is: a reactive element that renders with lit-html and wears the one stylesheet. */
import {ReactiveElement} from './vendor/reactive-element/reactive-element.js';
import {render} from './vendor/lit-html/lit-html.js';

export {html, svg, nothing, render} from './vendor/lit-html/lit-html.js';
export {repeat} from './vendor/lit-html/directives/repeat.js';
export {live} from './vendor/lit-html/directives/live.js';

/** What was told last, by name: a part that appears later can still know it. */
const LAST = new Map();

const sheet = new CSSStyleSheet();
const loading = fetch(new URL('page.css', import.meta.url))
  .then((answer) => answer.text())
  .then((text) => sheet.replace(text));

export class Part extends ReactiveElement {
  createRenderRoot() {
    const root = super.createRenderRoot();
    root.adoptedStyleSheets = [sheet];
    return root;
  }

  update(changed) {
    super.update(changed);
    render(this.render(), this.renderRoot, {host: this});
  }

  /** The first render waits for the stylesheet, so that nothing is seen unstyled or measured wrongly. */
  async scheduleUpdate() {
    await loading;
    return super.scheduleUpdate();
  }

  /** The first element of this component's own tree that fits. */
  one(selector) {
    return this.renderRoot.querySelector(selector);
  }

  /** The focus goes there with the next render; `autofocus` works but once in a page's life. */
  focusOn(selector) {
    this.updateComplete.then(() => this.one(selector)?.focus());
  }

  /** Tell the other components; they listen on the document. */
  tell(name, detail) {
    LAST.set(name, detail);
    // One that has left the page may still have something to tell: a job that it watched has ended.
    (this.isConnected ? this : document).dispatchEvent(new CustomEvent(`longvid-${name}`, {detail, bubbles: true, composed: true}));
  }

  last(name) {
    return LAST.get(name);
  }

  /** Hear the other components of the page for as long as this one is in it. */
  hear(name, heard) {
    (this.ears ??= []).push([`longvid-${name}`, (event) => heard.call(this, event.detail, event)]);
    if (this.isConnected) document.addEventListener(...this.ears.at(-1));
  }

  connectedCallback() {
    super.connectedCallback();
    for (const ear of this.ears ?? []) document.addEventListener(...ear);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const ear of this.ears ?? []) document.removeEventListener(...ear);
  }
}

/** Whether somebody is writing where this event happened, so that letters are no commands. */
export function writing(event) {
  const at = event.composedPath()[0];
  return at.isContentEditable || ['TEXTAREA', 'SELECT'].includes(at.tagName) || (at.tagName === 'INPUT' && at.type !== 'range' && at.type !== 'checkbox');
}
