/** `<longvid-search>`: moments as one types, by video, with the words found marked; or every mention, counted. */
import {Part, html, nothing} from './base.js';
import {api, crossOrigin} from './api.js';
import {icon} from './icons.js';
import {filters} from './scope.js';
import {t} from './texts.js';
import {span, clock} from './times.js';
import {seek} from './video.js';
import {forms, marked} from './words.js';

const PAUSE_MS = 200;
const MOST = 30;

class Search extends Part {
  static properties = {
    q: {}, key: {}, collection: {}, scope: {attribute: false}, mode: {}, groups: {state: true}, fault: {state: true}, busy: {state: true}, asked: {state: true}, near: {state: true},
  };

  constructor() {
    super();
    Object.assign(this, {q: '', scope: {}, mode: 'moments', groups: null, asked: ''});
    this.hear('scope', (scope) => { this.scope = scope; this.soon(0); });
  }

  willUpdate(changed) {
    if (changed.has('key') && this.key) api.use(this.key);
    if (changed.has('collection') && this.collection) this.scope = {...this.scope, collection: this.collection};
    if (changed.has('q') && this.q !== this.asked) this.soon(0);
  }

  typed(event) {
    this.q = event.target.value;
    this.wide = false;
    this.soon(PAUSE_MS);
  }

  soon(wait_ms) {
    clearTimeout(this.waiting);
    this.asked = this.q;
    this.waiting = setTimeout(() => this.find(), wait_ms);
  }

  async find() {
    this.looking?.abort();
    const [query, looking] = [this.q.trim(), (this.looking = new AbortController())];
    this.tell('sought', {q: this.q, mode: this.mode});
    if (!query) return void Object.assign(this, {groups: null, fault: '', busy: false});
    this.busy = true;
    try {
      this.groups = this.mode === 'moments' ? await this.moments(query, looking.signal) : await this.mentions(query, looking.signal);
      Object.assign(this, {fault: '', busy: false});
      this.tell('marks', {places: this.groups.flatMap((group) => group.places)});
    } catch (problem) {
      if (problem.name !== 'AbortError') Object.assign(this, {fault: problem.message, groups: null, busy: false});
    }
  }

  async moments(query, signal) {
    const {moments} = await api.send('POST', 'search', {query, k: MOST, ...filters(this.scope)}, {signal});
    const groups = new Map();
    // What has a word of the query comes first; what is only near in meaning is a click away.
    this.near = moments.some((moment) => !moment.near) ? moments.filter((moment) => moment.near).length : 0;
    for (const moment of moments.filter((each) => !this.near || !each.near || this.wide)) {
      if (!groups.has(moment.video_id)) groups.set(moment.video_id, {video_id: moment.video_id, title: moment.title, places: []});
      groups.get(moment.video_id).places.push(moment);
    }
    return [...groups.values()];
  }

  async mentions(query, signal) {
    const videos = [];
    for (let cursor = null; ;) {
      const found = await api.send('POST', 'mentions', {terms: [query], cursor, ...filters(this.scope)}, {signal});
      videos.push(...found.videos);
      if (!(cursor = found.next)) break;
    }
    return videos.map(({video_id, title, count, mentions}) => ({
      video_id, title, count, places: mentions.map((each) => ({...each, video_id, title})),
    }));
  }

  set(mode) {
    this.mode = mode;
    this.groups = null;
    this.soon(0);
  }

  render() {
    return html`<section class="search" aria-label=${t('search.label')}>
      <div class="field"><label class="find">${icon('search')}<input type="search" .value=${this.q} placeholder=${t('search.placeholder')} aria-label=${t('search.label')} @input=${this.typed} /></label></div>
      <div class="under"><div class="choice" role="group" aria-label=${t('search.mode')}>${['moments', 'mentions'].map((mode) => html`
        <button aria-pressed=${String(this.mode === mode)} @click=${() => this.set(mode)}>${t(`search.${mode}`)}</button>`)}</div>
        <longvid-scope below .scope=${this.scope}></longvid-scope></div>
      <p class="told" role="status">${this.busy ? t('search.busy') : this.sum()}</p>
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      ${(this.groups ?? []).map((group) => this.group(group))}
      ${this.groups && this.mode === 'moments' && this.near && !this.wide ? html`<button class="quiet near-by" @click=${() => { this.wide = true; this.soon(0); }}>${t('search.more', {n: this.near})}</button>` : nothing}
      ${this.groups === null && !this.q ? html`<p class="empty">${t('search.hint')}</p>` : nothing}
    </section>`;
  }

  sum() {
    if (!this.groups) return '';
    if (!this.groups.length) return t(`search.none.${this.mode}`);
    const n = this.groups.reduce((sum, group) => sum + (group.count ?? group.places.length), 0);
    const near = this.mode === 'moments' && this.groups.every((group) => group.places.every((place) => place.near));
    return near ? t('search.near') : t(`search.sum.${this.mode}`, {n, videos: t('videos', {n: this.groups.length})});
  }

  group(group) {
    const find = forms(this.asked);
    return html`<section class="group"><h2><span dir="auto">${group.title}</span> <small>${group.count ?? group.places.length}</small></h2>
      <ul>${group.places.slice(0, group.all ? undefined : 100).map((place) => this.place(place, find))}</ul>
      ${group.places.length > 100 && !group.all ? html`<button class="quiet" @click=${() => { group.all = true; this.requestUpdate(); }}>${t('search.all', {n: group.places.length})}</button>` : nothing}</section>`;
  }

  place(place, find) {
    const shown = place.evidence ? place.evidence.slice(0, 3) : [place];
    const {kind, text: quote, boxes} = shown.find((each) => each.boxes?.length && find(each.text)) ?? shown[0] ?? {};
    return html`<li><button class="row hit" @click=${() => seek(this, {...place, kind, quote, boxes})}>
      ${this.mode === 'moments' ? html`<img crossorigin=${crossOrigin} class="thumb" loading="lazy" alt="" src=${api.frame(place.video_id, (place.start_s + place.end_s) / 2, 192)} @error=${(e) => (e.target.hidden = true)} />` : nothing}
      <span class="words"><time dir="ltr">${this.mode === 'moments' ? span(place.start_s, place.end_s) : clock(place.start_s)}</time>
        ${shown.map((each) => html`<span class="line-of" dir="auto"><bdi class="tag">${t(`kind.${each.kind}`)}</bdi> ${each.speaker ? html`<b>${each.speaker}</b> ` : nothing}${marked(each.text, find)}</span>`)}
      </span></button></li>`;
  }
}

customElements.define('longvid-search', Search);
