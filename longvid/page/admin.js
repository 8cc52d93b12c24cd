/** `<longvid-admin>`: keys, jobs, what runs for each role and what would be better, storage. */
import {Part, html, nothing} from './base.js';
import {api} from './api.js';
import {icon} from './icons.js';
import './jobs.js';
import {copyText} from './take.js';
import {t} from './texts.js';

const SCOPES = ['read', 'index', 'admin'];

class Admin extends Part {
  static properties = {me: {attribute: false}, keys: {state: true}, made: {state: true}, fault: {state: true}, state: {state: true}, collections: {state: true}};

  constructor() {
    super();
    this.collections = [];
  }

  firstUpdated() {
    this.load();
  }

  /** Each part is shown when it is here: what the models are takes longest. */
  load() {
    const items = (name) => [name, ({items}) => (this[name] = items), ({message}) => (this.fault = message)];
    for (const [path, found, failed] of [items('keys'), items('collections'), ['doctor', (state) => (this.state = state), () => (this.state = null)]]) {
      api.get(path).then(found, failed);
    }
  }

  async add(event) {
    event.preventDefault();
    const form = event.target;
    const data = new FormData(form);
    const days = Number(data.get('days'));
    const body = {name: data.get('name').trim(), scopes: data.getAll('scope'), collections: data.getAll('collection').length ? data.getAll('collection') : null, ...(days ? {days} : {})};
    try {
      this.made = await api.send('POST', 'keys', body);
      // From the first key on nobody is served without one, who made it neither.
      if (!this.keys.length) await api.use(this.made.key);
      form.reset();
      this.load();
    } catch (problem) {
      this.fault = problem.message;
    }
  }

  async revoke(key) {
    if (!confirm(t('admin.sure', {name: key.name}))) return;
    await api.send('DELETE', `keys/${key.key_id}`).catch((problem) => (this.fault = problem.message));
    this.load();
  }

  render() {
    return html`<section class="admin"><h1>${t('admin.label')}</h1>
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      <h2>${t('admin.keys')}</h2>${this.keyList()}
      <h2>${t('jobs.label')}</h2><longvid-jobs bare></longvid-jobs>
      ${this.state === null ? nothing : html`<h2>${t('admin.models')}</h2>${this.state ? html`${this.models()}<h2>${t('admin.storage')}</h2>${this.storage()}` : html`<i class="spin"></i>`}`}</section>`;
  }

  keyList() {
    const first = this.keys && !this.keys.length;
    return html`${!this.keys ? nothing : this.keys.length ? html`<div class="table"><table><thead><tr><th>${t('admin.name')}</th><th>${t('admin.may')}</th><th>${t('admin.sees')}</th><th>${t('admin.until')}</th><td></td></tr></thead>
      <tbody>${this.keys.map((key) => html`<tr><td dir="auto">${key.name}</td><td>${(key.scopes ?? []).join(', ')}</td><td dir="auto">${key.collections?.join(', ') ?? t('admin.everything')}</td>
        <td>${day(key.expires_s) ?? t('admin.forever')}</td>
        <td><button class="sign" title=${t('admin.revoke', {name: key.name})} aria-label=${t('admin.revoke', {name: key.name})} @click=${() => this.revoke(key)}>${icon('trash')}</button></td></tr>`)}</tbody></table></div>`
      : html`<p class="soft">${t('admin.nokeys')}</p>`}
      ${this.made ? html`<p class="made" role="status">${t('admin.once')} <code>${this.made.key}</code>
        <button class="quiet" @click=${() => copyText(this.made.key)}>${t('copy')}</button></p>` : nothing}
      <form class="filters" @submit=${this.add}><label>${t('admin.name')}<input name="name" required maxlength="80" /></label>
        <fieldset><legend>${t('admin.may')}</legend>${SCOPES.map((scope) => html`<label class="check"><input type="checkbox" name="scope" value=${scope} ?checked=${first || scope === 'read'} ?required=${first && scope === 'admin'} />${scope}</label>`)}</fieldset>
        ${this.collections.length && !first ? html`<fieldset><legend>${t('admin.sees')}</legend>${this.collections.map(({name}) => html`<label class="check"><input type="checkbox" name="collection" value=${name} />${name}</label>`)}</fieldset>` : nothing}
        <label>${t('admin.days')}<input name="days" type="number" min="1" max="3650" /></label><button class="main">${t('admin.add')}</button></form>`;
  }

  models() {
    const roles = Object.values(this.state.roles ?? {});
    return html`<div class="table"><table><thead><tr><th>${t('admin.role')}</th><th>${t('admin.runs')}</th><th>${t('admin.better')}</th></tr></thead>
      <tbody>${roles.map((role) => html`<tr><td>${role.title}</td><td>${role.runs}${role.device ? html` <small>${role.device}</small>` : nothing}<br /><small>${role.why}</small></td>
        <td>${role.problem ? html`<span class="fault">${role.problem}</span>` : (role.better ?? '')}</td></tr>`)}</tbody></table></div>
      ${(this.state.problems ?? []).map((problem) => html`<p class="fault">${problem}</p>`)}`;
  }

  storage() {
    const {videos, storage_bytes} = this.state;
    return html`<p>${t('admin.held', {n: videos, mb: (storage_bytes / 1e6).toFixed(1)})}</p>`;
  }
}

const day = (moment) => (moment ? new Date(moment * 1000).toISOString().slice(0, 10) : null);

customElements.define('longvid-admin', Admin);
