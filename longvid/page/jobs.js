/** `<longvid-jobs>`: files on their way in, and what the server is doing with them. */
import {Part, html, nothing} from './base.js';
import {api} from './api.js';
import {icon} from './icons.js';
import {t} from './texts.js';
import {length} from './times.js';
import {chosen, forgetUpload, interrupted, settled, upload} from './upload.js';

const EVERY_MS = 1500;
/** In the order in which a video goes through them. */
const STAGES = ['transcript', 'speakers', 'visual', 'sounds', 'screen_text', 'vectors', 'structure', 'summaries'];
const SHOWN = 5;
const ENDED = ['done', 'failed', 'cancelled'];

class Jobs extends Part {
  static properties = {collection: {}, collections: {attribute: false}, bare: {type: Boolean}, uploads: {state: true}, jobs: {state: true}, fault: {state: true}, left: {state: true}, known: {state: true}, all: {state: true}};

  constructor() {
    super();
    Object.assign(this, {collection: '', collections: [], uploads: [], jobs: [], left: interrupted(), seen: new Set()});
  }

  connectedCallback() {
    super.connectedCallback();
    this.look();
  }

  /** Ask while something runs, also when another view is shown by then; a job that ended since the last look changed the library. */
  async look() {
    clearTimeout(this.timer);
    try {
      this.jobs = (await api.get('jobs')).items;
      const ended = this.jobs.filter((job) => ENDED.includes(job.state));
      if (this.known && ended.some((job) => !this.seen.has(job.id))) {
        api.forget('collections');
        api.forget('videos');
        this.tell('renewed', {});
      }
      this.seen = new Set(ended.map((job) => job.id));
      this.known = true;
    } catch (problem) {
      if (problem.status !== 403) this.fault = problem.message;
    }
    const busy = this.jobs.some((job) => !ENDED.includes(job.state));
    if (busy || (this.isConnected && this.uploads.length)) this.timer = setTimeout(() => this.look(), EVERY_MS);
  }

  /** All files go up one after another, then one job indexes them. */
  async send(files) {
    const collection = this.one('[name=into]')?.value.trim() || undefined;
    this.fault = '';
    const mine = files.map(({file, path}) => ({file, path, sent: 0, size: file.size, stopper: new AbortController()}));
    this.uploads = [...this.uploads, ...mine];
    const [done, ids] = [[], []];
    for (const each of mine) {
      try {
        ids.push(await upload(each, (sent, size, speed) => { Object.assign(each, {sent, size, speed}); this.requestUpdate(); }, each.stopper.signal));
        done.push(each);
        this.uploads = this.uploads.filter((other) => other !== each);
      } catch (problem) {
        each.fault = problem.name === 'AbortError' ? t('upload.stopped') : problem.message;
        this.requestUpdate();
      }
    }
    try {
      if (ids.length) await api.send('POST', 'jobs', {uploads: ids, collection});
      done.forEach(settled);
    } catch (problem) {
      this.fault = problem.message;
    }
    this.left = interrupted();
    this.look();
  }

  async cancel(job) {
    await api.send('DELETE', `jobs/${job.id}`).catch((problem) => (this.fault = problem.message));
    this.look();
  }

  render() {
    return html`<section class="jobs" aria-label=${t('jobs.label')}>${this.bare ? nothing : this.door()}
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      ${this.left.map(({key, name}) => html`<p class="job soft">${t('upload.interrupted', {name})}
        <button class="quiet" @click=${() => { forgetUpload(key); this.left = interrupted(); }}>${t('upload.forget')}</button></p>`)}
      <ul>${this.uploads.map((each) => this.upload(each))}${this.shown().map((job) => this.job(job))}</ul>
      ${this.bare && !this.all && this.jobs.length > SHOWN ? html`<button class="quiet" @click=${() => (this.all = true)}>${t('search.all', {n: this.jobs.length})}</button>` : nothing}
      ${this.bare && this.known && !this.jobs.length ? html`<p class="soft">${t('jobs.none')}</p>` : nothing}</section>`;
  }

  shown() {
    if (this.bare) return this.all ? this.jobs : this.jobs.slice(0, SHOWN);
    return this.jobs.filter((job) => !ENDED.includes(job.state) || job.state === 'failed').slice(0, SHOWN);
  }

  door() {
    const pick = (event) => { this.send(chosen(event.target.files)); event.target.value = ''; };
    return html`<div class="door"><label class="main upload">${icon('upload')} ${t('upload.files')}<input type="file" multiple @change=${pick} /></label>
      <label class="quiet upload wide">${t('upload.folder')}<input type="file" webkitdirectory @change=${pick} /></label>
      <label>${t('upload.into')}<input name="into" list="into" .value=${this.collection} placeholder=${t('upload.none')} maxlength="80" /></label>
      <datalist id="into">${(this.collections ?? []).map(({name}) => html`<option value=${name}></option>`)}</datalist>
      <span class="soft wide">${t('upload.drop')}</span></div>`;
  }

  upload(each) {
    const left_s = each.speed ? (each.size - each.sent) / each.speed : null;
    return html`<li class="job"><span class="of" dir="auto">${each.path}</span>
      ${each.fault ? html`<span class="fault">${each.fault}</span>` : html`<progress max=${each.size || 1} value=${each.sent} aria-label=${each.path}></progress>
      <small>${t('upload.speed', {mb: ((each.speed ?? 0) / 1e6).toFixed(1)})}${left_s === null ? '' : ` · ${t('left', {length: length(left_s)})}`}</small>`}
      <button class="sign" aria-label=${t('upload.stop', {name: each.path})} @click=${() => { each.stopper.abort(); if (each.fault) this.uploads = this.uploads.filter((other) => other !== each); }}>${icon('close')}</button></li>`;
  }

  job(job) {
    const ended = ENDED.includes(job.state);
    return html`<li class="job ${job.state}"><span class="of" dir="auto">${job.title ?? job.files_named?.join(', ') ?? t('jobs.one', {id: job.id.slice(0, 6)})}</span>
      <span class="tag">${t(`job.${job.cancelling ? 'cancelling' : job.state}`)}</span>
      ${ended ? nothing : html`<progress max="1" value=${job.fraction ?? nothing} aria-label=${t('jobs.progress')}></progress>`}
      <small dir="auto">${[stageOf(job), job.speed ? t('jobs.speed', {x: job.speed.toFixed(1)}) : '', leftOf(job)].filter(Boolean).join(' · ')}</small>
      ${(job.reports ?? []).filter((report) => report.error).map((report) => html`<p class="fault" dir="auto">${report.file}: ${report.error.message}</p>`)}
      ${(job.notes ?? []).map((note) => html`<p class="soft" dir="auto">${note}</p>`)}
      ${ended ? nothing : html`<button class="sign" aria-label=${t('jobs.cancel')} title=${t('jobs.cancel')} @click=${() => this.cancel(job)}>${icon('close')}</button>`}</li>`;
  }
}

/** The stage that is at work, and how many there are; before the first one the server says in words what it does. */
function stageOf({stage}) {
  const at = STAGES.indexOf(stage);
  return at < 0 ? stage : t('jobs.stage', {name: t(`stage.${stage}`), at: at + 1, of: STAGES.length});
}

/** Time left, as the part that is done tells it. */
function leftOf(job) {
  const passed_s = Date.now() / 1000 - job.created_s;
  return job.state === 'running' && job.fraction > 0.05 ? t('left', {length: length((passed_s / job.fraction) * (1 - job.fraction))}) : '';
}

customElements.define('longvid-jobs', Jobs);
