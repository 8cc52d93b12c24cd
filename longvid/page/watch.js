/** `<longvid-watch>`: the player of one video and, in tabs beside it, what is known about it. */
import {Part, html} from './base.js';
import {api, save} from './api.js';
import {icon} from './icons.js';
import './slides.js';
import './summary.js';
import {copyText, linkTo} from './take.js';
import {t} from './texts.js';
import {length} from './times.js';
import {videoOf} from './video.js';

const TABS = ['transcript', 'slides', 'summary', 'take'];
const CHAPTERS = ['youtube', 'vtt', 'ffmetadata'];

class Watch extends Part {
  static properties = {video: {}, t: {}, tab: {}, info: {state: true}, told: {state: true}};

  constructor() {
    super();
    Object.assign(this, {tab: 'transcript', now: 0});
    this.hear('time', ({at_s}) => (this.now = at_s));
  }

  willUpdate(changed) {
    if (!changed.has('video')) return;
    const id = this.video;
    this.info = null;
    if (id) videoOf(id).info().then((info) => id === this.video && (this.info = info), () => {});
  }

  async say(done) {
    try {
      await done;
      this.told = t('copied');
    } catch (problem) {
      this.told = problem.message;
    }
    setTimeout(() => (this.told = ''), 4000);
  }

  only() {
    this.tell('scope', {video: this.video});
    this.tell('tab', {tab: this.tab});
  }

  arrows(event) {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const tab = TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length];
    this.tell('tab', {tab});
    this.updateComplete.then(() => this.one('[aria-selected=true]').focus());
  }

  render() {
    const {info} = this;
    return html`<aside class="watch" aria-label=${info?.title ?? ''}>
      <header><h2 dir="auto">${info?.title ?? ''}</h2><small class="soft">${info ? [length(info.duration_s), info.date, ...(info.collections ?? [])].filter(Boolean).join(' · ') : ''}</small>
        <button class="quiet" @click=${this.only}>${t('watch.only')}</button>
        <button class="sign" aria-label=${t('watch.close')} title=${t('watch.close')} @click=${() => this.tell('close', {})}>${icon('close')}</button></header>
      <longvid-player .video=${this.video} .t=${this.t}></longvid-player>
      <div class="tabs" role="tablist" aria-label=${t('watch.tabs')} @keydown=${this.arrows}>${TABS.map((tab) => html`<button role="tab" id=${`tab-${tab}`} aria-selected=${String(tab === this.tab)}
        aria-controls="panel" tabindex=${tab === this.tab ? 0 : -1} @click=${() => this.tell('tab', {tab})}>${t(`tab.${tab}`)}</button>`)}</div>
      <div class="panel" id="panel" role="tabpanel" aria-labelledby=${`tab-${this.tab}`}>${this.panel()}</div></aside>`;
  }

  panel() {
    if (this.tab === 'slides') return html`<longvid-slides .video=${this.video}></longvid-slides>`;
    if (this.tab === 'summary') return html`<longvid-summary .video=${this.video}></longvid-summary>`;
    if (this.tab === 'take') return this.take();
    return html`<longvid-transcript .video=${this.video}></longvid-transcript>`;
  }

  take() {
    const {path} = videoOf(this.video);
    const file = async (what, params, name) => save(await api.fetch('GET', api.url(`${path}/${what}`, params)), name);
    return html`<section class="takes"><p class="told" role="status">${this.told ?? ''}</p>
      <h3>${t('take.links')}</h3><p><button class="quiet" @click=${() => this.say(copyText(linkTo(this.video, this.now)))}>${icon('link')} ${t('take.second')}</button>
        <button class="quiet" @click=${() => this.say(copyText(linkTo(this.video, 0)))}>${icon('link')} ${t('take.start')}</button></p>
      <p class="soft">${t('take.hint')}</p>
      <h3>${t('tab.transcript')}</h3><p><button class="quiet" @click=${() => file('transcript', {format: 'vtt'}, 'transcript.vtt')}>WebVTT</button></p>
      <h3>${t('summary.chapters')}</h3><p>${CHAPTERS.map((format) => html`<button class="quiet" @click=${() => file('chapters', {format}, `chapters.${format}.txt`)}>${t(`chapters.${format}`)}</button> `)}</p></section>`;
  }
}

customElements.define('longvid-watch', Watch);
