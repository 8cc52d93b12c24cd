/** `<longvid-scope>`: where a question looks, always in sight, and how to change it. */
import {Part, html, nothing} from './base.js';
import {api} from './api.js';
import {icon} from './icons.js';
import {t} from './texts.js';
import {clock, readClock} from './times.js';
import {videoOf} from './video.js';

/** The scope as the server's requests carry it. */
export function filters({collection, video, speaker, from_s, to_s}) {
  const kept = {collection, video: video ? [video] : undefined, speaker, from_s, to_s};
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined && value !== null && value !== ''));
}

/** "25 videos in Monday calls, what Maya says": what is known are the collections, how many videos there are (some are
 * in no collection, some in two) and the title of the video. */
export function scopeLine(scope, {collections = [], total, title = ''} = {}) {
  const n = collections.find((each) => each.name === scope.collection)?.videos ?? 0;
  const parts = [];
  if (scope.video) parts.push(t('scope.video', {title: title || '…'}));
  else if (scope.collection) parts.push(t('scope.collection', {n, name: scope.collection}));
  else parts.push(total ? t('scope.all', {n: total}) : t('scope.everything'));
  if (scope.speaker) parts.push(t('scope.speaker', {name: scope.speaker}));
  if (scope.from_s || scope.to_s) parts.push(t('scope.time', {from: clock(scope.from_s ?? 0), to: scope.to_s ? clock(scope.to_s) : t('scope.end')}));
  return parts.join(', ');
}

/** Names to choose from: who speaks in the first hundred videos of a collection. */
export async function speakers(collection) {
  const {items} = await api.once('videos', {collection, limit: 100}).catch(() => ({items: []}));
  return [...new Set(items.flatMap((video) => video.speakers ?? []).map((each) => each.name ?? each))].sort();
}

class ScopeBox extends Part {
  static properties = {scope: {attribute: false}, fixed: {type: Boolean}, collections: {state: true}, total: {state: true}, title: {state: true}, names: {state: true}, open: {state: true}};

  constructor() {
    super();
    Object.assign(this, {scope: {}, collections: [], names: [], title: '', open: false});
    this.hear('renewed', () => this.load());
  }

  willUpdate(changed) {
    if (changed.has('scope') && this.scope.video) videoOf(this.scope.video).info().then((info) => (this.title = info.title), () => (this.title = this.scope.video));
  }

  firstUpdated() {
    this.load();
  }

  async load() {
    await api.ready().catch(() => {});
    api.once('videos', {limit: 1}).then(({total}) => (this.total = total), () => {});
    this.collections = (await api.once('collections').catch(() => ({items: []}))).items;
  }

  async toggle() {
    this.open = !this.open;
    if (this.open) this.names = await speakers(this.scope.collection);
  }

  change(part) {
    const scope = {...this.scope, ...part};
    this.tell('scope', scope);
  }

  time(event) {
    const at_s = readClock(event.target.value);
    event.target.setCustomValidity(event.target.value && at_s === null ? t('scope.badtime') : '');
    if (event.target.reportValidity()) this.change({[event.target.name]: at_s ?? undefined});
  }

  render() {
    const {scope} = this;
    return html`<div class="scope"><button type="button" class="quiet" aria-expanded=${String(this.open)} title=${t(this.fixed ? 'scope.fixed' : 'scope.change')}
        @click=${this.toggle}>${t('scope.in')} <b dir="auto">${scopeLine(scope, this)}</b> ${icon('down')}</button>
      ${this.open ? html`<div class="sheet" role="group" aria-label=${t('scope.change')}>
        ${this.fixed ? html`<p class="soft">${t('scope.fixed')}</p>` : nothing}
        <label>${t('scope.of')}<select @change=${(event) => this.change({collection: event.target.value || undefined, video: undefined})}>
          <option value="">${t('scope.everywhere')}</option>
          ${this.collections.map((each) => html`<option value=${each.name} ?selected=${each.name === scope.collection}>${each.name} (${each.videos})</option>`)}</select></label>
        ${scope.video ? html`<label class="check"><input type="checkbox" checked @change=${() => this.change({video: undefined})} />${t('scope.only', {title: this.title})}</label>` : nothing}
        <label>${t('scope.who')}<input name="speaker" list="names" .value=${scope.speaker ?? ''} placeholder=${t('scope.anybody')} @change=${(event) => this.change({speaker: event.target.value.trim() || undefined})} /></label>
        <datalist id="names">${this.names.map((name) => html`<option value=${name}></option>`)}</datalist>
        <div class="two"><label>${t('scope.from')}<input name="from_s" placeholder="0:00" .value=${scope.from_s ? clock(scope.from_s) : ''} @change=${this.time} /></label>
        <label>${t('scope.to')}<input name="to_s" placeholder=${t('scope.end')} .value=${scope.to_s ? clock(scope.to_s) : ''} @change=${this.time} /></label></div>
        <p class="end"><button type="button" class="quiet" @click=${() => this.tell('scope', {})}>${t('scope.clear')}</button>
        <button type="button" class="main" @click=${() => (this.open = false)}>${t('done')}</button></p></div>` : nothing}</div>`;
  }
}

customElements.define('longvid-scope', ScopeBox);
