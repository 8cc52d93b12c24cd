/** `<longvid-app>`: the whole page. The address says where one is; the parts say by events what they did. */
import {Part, html, nothing, writing} from './base.js';
import {api} from './api.js';
import './answer.js';
import {icon} from './icons.js';
import './player.js';
import './scope.js';
import './search.js';
import {address, place} from './route.js';
import {pageKey} from './shortcuts.js';
import {copyText, linkTo} from './take.js';
import {language, t} from './texts.js';
import {mark} from './times.js';
import './transcript.js';
import {dropped} from './upload.js';
import './watch.js';

const THEME = 'longvid.theme';
const VIEWS = ['ask', 'search', 'library', 'admin'];
/** What is not on the first view is loaded when it is wanted. */
const LATER = {library: () => import('./library.js'), admin: () => import('./admin.js')};

class App extends Part {
  static properties = {at: {state: true}, me: {state: true}, locked: {state: true}, fault: {state: true}, told: {state: true}, over: {state: true}};

  constructor() {
    super();
    Object.assign(this, {at: place(location), me: null});
    Object.assign(document.documentElement, language);
    document.documentElement.style.colorScheme = localStorage.getItem(THEME) ?? '';
    this.hear('seek', (to) => this.show(to));
    this.hear('time', (now) => this.played(now));
    this.hear('scope', (scope) => this.go({scope}, true));
    this.hear('asked', ({q, chat}) => this.go({view: 'ask', q, chat}, !q));
    this.hear('sought', ({q, mode}) => this.go({view: 'search', find: q, mode}, true));
    this.hear('filtered', ({q, sort, from, to}) => this.go({filter: q, sort, from, to}, true));
    addEventListener('popstate', () => (this.at = place(location)));
    // A file that is let go anywhere would else be opened instead of the page.
    for (const over of ['dragenter', 'dragover']) document.addEventListener(over, (event) => this.drag(event, true));
    document.addEventListener('dragleave', (event) => event.relatedTarget || this.drag(event, false));
    document.addEventListener('drop', (event) => this.drop(event));
    document.addEventListener('keydown', (event) => !writing(event) && this.pressed(event));
  }

  drag(event, over) {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    this.over = over && this.me?.scopes?.includes('index');
  }

  async drop(event) {
    this.drag(event, false);
    if (!event.dataTransfer.types.includes('Files')) return;
    const files = dropped(event.dataTransfer);
    await Promise.all([LATER.library(), this.entered]);
    if (!this.me?.scopes?.includes('index')) return;
    if (this.at.view !== 'library') this.go({view: 'library'});
    await this.updateComplete;
    const library = this.one('longvid-library');
    await library.updateComplete;
    library.send(await files);
  }

  firstUpdated() {
    this.entered = this.enter();
  }

  async enter() {
    try {
      await api.ready();
      this.me = await api.once('me');
      Object.assign(this, {locked: false, fault: ''});
    } catch (problem) {
      this.locked = problem.status === 401 || problem.status === 403;
      this.fault = this.locked && !api.key ? '' : problem.message;
    }
  }

  async unlock(event) {
    event.preventDefault();
    try {
      await api.use(new FormData(event.target).get('key').trim());
      await this.enter();
    } catch (problem) {
      this.fault = problem.message;
    }
  }

  /** Be somewhere else; `quietly` without a new entry in the browser's history. */
  go(part, quietly = false) {
    const at = {...this.at, ...part};
    if ('t' in part || 'video' in part) this.second = '';
    const url = address({...at, t: this.second || at.t});
    this.at = at;
    if (url === location.search) return;
    history[quietly ? 'replaceState' : 'pushState'](null, '', url || './');
    document.title = [at.q || at.find, 'longvid'].filter(Boolean).join(' · ');
  }

  show({video_id, at_s, start_s, end_s}) {
    this.go({video: video_id, t: mark(at_s ?? start_s, end_s > start_s ? end_s : undefined)}, this.at.video === video_id);
  }

  /** The address keeps up with the player, but not so often that the browser minds. */
  played({at_s}) {
    this.second = mark(at_s);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => history.replaceState(null, '', address({...this.at, t: this.second})), 1000);
  }

  pressed(event) {
    const wanted = pageKey(event);
    if (!wanted || event.defaultPrevented || this.locked) return;
    event.preventDefault();
    if (wanted === 'keys') this.sheet();
    else if (wanted === 'close') this.close();
    else if (wanted === 'transcript') this.go({tab: 'transcript'}, true);
    else if (wanted === 'link') this.copy();
    else this.visit(wanted);
  }

  async sheet() {
    this.one('longvid-keys').open();
  }

  visit(view) {
    this.go({view});
    this.updateComplete.then(async () => {
      await LATER[view]?.();
      const part = this.one(`longvid-${{ask: 'answer'}[view] ?? view}`);
      await part?.updateComplete;
      part?.renderRoot.querySelector(view === 'ask' ? 'textarea' : 'input')?.focus();
    });
  }

  close() {
    clearTimeout(this.settling);
    this.go({video: '', t: ''});
  }

  async copy() {
    await copyText(this.at.video ? linkTo(this.at.video, this.last('time')?.at_s ?? 0) : location.href);
    this.told = t('copied');
    setTimeout(() => (this.told = ''), 3000);
  }

  theme() {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const now = document.documentElement.style.colorScheme || (dark ? 'dark' : 'light');
    document.documentElement.style.colorScheme = now === 'dark' ? 'light' : 'dark';
    localStorage.setItem(THEME, document.documentElement.style.colorScheme);
  }

  render() {
    if (this.locked) return this.lock();
    const {at} = this;
    const views = VIEWS.filter((view) => view !== 'admin' || this.me?.scopes?.includes('admin'));
    return html`<a class="skip" href="#main" @click=${(event) => { event.preventDefault(); this.one('main').focus(); }}>${t('skip')}</a>
      <header class="top"><a class="brand" href="./" @click=${(event) => this.link(event, {view: 'ask'})}><img src="icon.svg" alt="" width="24" height="24" /> longvid</a>
        <nav aria-label=${t('views')}>${views.map((view) => html`<a href=${address({...at, view}) || './'} aria-current=${view === at.view ? 'page' : nothing}
          @click=${(event) => this.link(event, {view})}>${icon(view)}<span>${t(`view.${view}`)}</span></a>`)}</nav>
        <span class="gap"></span>
        <button class="sign" title=${t('theme')} aria-label=${t('theme')} @click=${this.theme}>${icon('theme')}</button>
        <button class="sign wide" title=${t('keys.title')} aria-label=${t('keys.title')} @click=${this.sheet}>${icon('keys')}</button></header>
      <p class="told float" role="status">${this.told ?? ''}</p>
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      <div class="work ${at.video ? 'beside' : ''} ${this.over ? 'over' : ''}" data-view=${at.view}><main tabindex="-1">${this.view()}</main>
        ${at.video ? html`<longvid-watch .video=${at.video} .t=${at.t} .tab=${at.tab} @longvid-tab=${(event) => this.go({tab: event.detail.tab}, true)}
          @longvid-close=${this.close}></longvid-watch>` : nothing}</div>
      <longvid-keys></longvid-keys>`;
  }

  view() {
    const {at} = this;
    LATER[at.view]?.();
    if (at.view === 'search') return html`<longvid-search .q=${at.find} .mode=${at.mode} .scope=${at.scope}></longvid-search>`;
    if (at.view === 'library') return html`<longvid-library .me=${this.me} .q=${at.filter} .sort=${at.sort} .from=${at.from} .to=${at.to} .scope=${at.scope}></longvid-library>`;
    if (at.view === 'admin') return html`<longvid-admin .me=${this.me}></longvid-admin>`;
    return html`<longvid-answer .q=${at.q} .chat=${at.chat} .scope=${at.scope}></longvid-answer>`;
  }

  link(event, part) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.go(part);
  }

  lock() {
    return html`<main class="lock"><form @submit=${this.unlock}><h1>longvid</h1><p>${t('lock')}</p>
      <input hidden name="user" autocomplete="username" value="longvid" />
      <label>${t('lock.key')}<input name="key" type="password" autocomplete="current-password" required autofocus /></label>
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}<button class="main">${t('lock.open')}</button></form></main>`;
  }
}

customElements.define('longvid-app', App);
