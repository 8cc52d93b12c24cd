/** `<longvid-library>`: every video as a card, filtered and sorted by the server; uploads and the jobs they begin. */
import {Part, html, nothing} from './base.js';
import {Blocks} from './blocks.js';
import {api, crossOrigin} from './api.js';
import {icon} from './icons.js';
import './jobs.js';
import {Parts} from './parts.js';
import {speakers} from './scope.js';
import {t} from './texts.js';
import {clock} from './times.js';
import {seek} from './video.js';

const PAGE = 60;
const ROWS = 2; // of a block
const CARD_PX = 230; // a card and the gap under it: page.css --card
const PAUSE_MS = 250;
const SORTS = ['title', '-date', 'date', '-duration', 'duration'];

class LibraryView extends Part {
  static properties = {
    scope: {attribute: false}, q: {}, sort: {}, me: {attribute: false}, count: {state: true}, fault: {state: true},
    collections: {state: true}, names: {state: true}, all: {state: true}, from: {}, to: {},
  };

  constructor() {
    super();
    Object.assign(this, {scope: {}, q: '', sort: 'title', from: '', to: '', count: 0, collections: [], names: []});
    this.hear('scope', (scope) => { this.scope = scope; });
    this.hear('renewed', () => this.reload());
  }

  willUpdate(changed) {
    if (['scope', 'q', 'sort', 'from', 'to'].some((name) => changed.has(name))) this.reload();
  }

  firstUpdated() {
    this.wide = new ResizeObserver(() => this.columns() !== this.across && this.lay());
    this.lay();
    this.wide.observe(this.one('.cards'));
  }

  /** Blocks of full rows, for so many columns as there are now. */
  lay() {
    this.blocks?.close();
    this.across = this.columns();
    const scroller = this.one('.cards');
    this.blocks = new Blocks({
      scroller, parent: scroller, size: this.across * ROWS, height: (count) => Math.ceil(count / this.across) * CARD_PX,
      draw: (from, to) => this.draw(from, to), load: (from, to) => this.videos.load(from, to),
    });
    this.blocks.show(this.count);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.blocks?.show(0);
    this.stale = true;
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.stale) this.blocks?.show(this.count);
  }

  columns() {
    return Math.max(1, Math.floor((this.one('.cards').clientWidth + 16) / 256));
  }

  draw(from, to) {
    const videos = this.videos.slice(from, to);
    return videos && html`${videos.map((video) => this.card(video))}`;
  }

  reload() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.load(), this.count ? PAUSE_MS : 0);
  }

  /** The first page says how many there are; the others are asked for when somebody comes near them. */
  async load() {
    const {collection, speaker} = this.scope;
    const filters = {collection, speaker, q: this.q, from: this.from, to: this.to, sort: this.sort};
    let total = 0;
    const videos = (this.asked = new Parts(PAGE, async (first, limit) => {
      const found = await api.get('videos', {...filters, first, limit});
      total = found.total;
      return found.items;
    }));
    Object.assign(this, {fault: '', loading: true});
    api.once('collections').then(({items}) => (this.collections = items), () => {});
    try {
      await api.ready();
      await videos.load(0, PAGE);
      if (videos !== this.asked) return;
      Object.assign(this, {videos, count: total});
      this.blocks?.show(this.count, true);
      this.names = await speakers(collection);
    } catch (problem) {
      if (videos === this.asked) this.fault = problem.message;
    }
    this.loading = false;
  }

  open(video) {
    seek(this, {video_id: video.video_id, start_s: 0}, false);
  }

  async forget(video) {
    if (!confirm(t('library.sure', {title: video.title}))) return;
    try {
      await api.send('DELETE', `videos/${video.video_id}`);
      api.forget('collections');
      api.forget('videos');
      this.tell('renewed', {});
    } catch (problem) {
      this.fault = problem.message;
    }
  }

  may(scope) {
    return this.me?.scopes?.includes(scope);
  }

  change(name, value) {
    this[name] = value;
    this.tell('filtered', {q: this.q, sort: this.sort, from: this.from, to: this.to});
  }

  /** Files that were dropped on the page, from wherever in it. */
  send(files) {
    this.one('longvid-jobs')?.send(files);
  }

  render() {
    return html`<section class="library" aria-label=${t('library.label')}>
      <h1>${t('library.label')}</h1>${this.filters()}
      ${this.may('index') ? html`<longvid-jobs .collection=${this.scope.collection ?? ''} .collections=${this.collections}></longvid-jobs>` : nothing}
      <p class="told" role="status">${this.fault ? '' : t('library.count', {n: this.count})}</p>
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      <div class="cards" role="list"></div>
      ${!this.count && !this.fault && !this.loading ? html`<p class="empty">${t(this.q || this.scope.collection ? 'library.nothing' : 'library.empty')}</p>` : nothing}
    </section>`;
  }

  filters() {
    const date = (name) => html`<label>${t(`library.${name}`)}<input type="date" .value=${this[name]} @change=${(e) => this.change(name, e.target.value)} /></label>`;
    return html`<form class="filters ${this.all ? 'all' : ''}" role="search" @submit=${(event) => event.preventDefault()}>
      <label class="find">${icon('search')}<input type="search" .value=${this.q} placeholder=${t('library.filter')} aria-label=${t('library.filter')} @input=${(e) => this.change('q', e.target.value)} /></label>
      <button type="button" class="quiet fewer" aria-expanded=${String(Boolean(this.all))} @click=${() => (this.all = !this.all)}>${t('library.filters')} ${icon('down')}</button>
      <label>${t('library.collection')}<select @change=${(e) => this.tell('scope', {...this.scope, collection: e.target.value || undefined})}>
        <option value="">${t('library.all')}</option>${this.collections.map(({name, videos}) => html`<option value=${name} ?selected=${name === this.scope.collection}>${name} (${videos})</option>`)}</select></label>
      <label>${t('library.speaker')}<input list="names" .value=${this.scope.speaker ?? ''} @change=${(e) => this.tell('scope', {...this.scope, speaker: e.target.value.trim() || undefined})} /></label>
      <datalist id="names">${this.names.map((name) => html`<option value=${name}></option>`)}</datalist>
      ${date('from')}${date('to')}
      <label>${t('library.sort')}<select @change=${(e) => this.change('sort', e.target.value)}>${SORTS.map((sort) => html`<option value=${sort} ?selected=${sort === this.sort}>${t(`sort.${sort}`)}</option>`)}</select></label>
    </form>`;
  }

  card(video) {
    const state = video.gone ? 'gone' : Object.values(video.stages ?? {}).includes('failed') ? 'failed' : '';
    return html`<article class="card" role="listitem">
      <button class="picture" aria-label=${t('library.open', {title: video.title, length: clock(video.duration_s)})} @click=${() => this.open(video)}>
        <span class="no-picture">${icon('text')}</span>
        <img crossorigin=${crossOrigin} loading="lazy" alt="" src=${api.frame(video.video_id, Math.min(video.duration_s * 0.15, 60), 320)} @error=${(e) => (e.target.hidden = true)} @load=${(e) => (e.target.hidden = false)} />
        <time dir="ltr">${clock(video.duration_s)}</time></button>
      <h2 dir="auto" title=${video.title}>${video.title}</h2>
      <p class="soft">${[video.date, ...(video.collections ?? [])].filter(Boolean).join(' · ')}</p>
      <p class="soft" dir="auto">${(video.speakers ?? []).slice(0, 4).map((each) => each.name ?? each).join(', ')}</p>
      ${state ? html`<span class="state ${state}">${t(`state.${state}`)}</span>` : nothing}
      ${this.may('index') ? html`<button class="sign remove" title=${t('library.remove', {title: video.title})} aria-label=${t('library.remove', {title: video.title})} @click=${() => this.forget(video)}>${icon('trash')}</button>` : nothing}
    </article>`;
  }
}

customElements.define('longvid-library', LibraryView);
