/** `<longvid-answer>`: a question within a scope, its claims as they are verified, and what follows from them. */
import {Part, html, nothing, repeat} from './base.js';
import {api} from './api.js';
import {chip} from './chips.js';
import {icon} from './icons.js';
import {conversations} from './chats.js';
import {filters, scopeLine} from './scope.js';
import {FORMATS, takeAnswer} from './take.js';
import {t} from './texts.js';
import {length} from './times.js';

class Answer extends Part {
  static properties = {
    q: {}, chat: {}, key: {}, scope: {attribute: false}, collection: {}, video: {}, turns: {state: true}, asking: {state: true},
    chats: {state: true}, told: {state: true}, draft: {state: true}, renaming: {state: true},
  };

  constructor() {
    super();
    Object.assign(this, {turns: [], scope: {}, chats: [], draft: '', asking: null});
    this.hear('scope', (scope) => (this.scope = scope));
  }

  willUpdate(changed) {
    if (changed.has('key') && this.key) api.use(this.key).then(() => this.list());
    for (const name of ['collection', 'video']) if (changed.has(name) && this[name]) this.scope = {...this.scope, [name]: this[name]};
    if (changed.has('chat')) this.resume();
    if (changed.has('q') && this.q && this.q !== this.turns.at(-1)?.question && !this.chat) this.ask(this.q);
  }

  firstUpdated() {
    this.list();
  }

  async list() {
    this.chats = await conversations.list().catch(() => []);
  }

  async resume() {
    if (this.chat === this.held || !this.chat) return;
    this.held = this.chat;
    try {
      this.turns = await conversations.turns(this.chat);
      this.marks();
    } catch (problem) {
      this.turns = [{question: this.chat, claims: [], steps: [], nearest: [], fault: problem.message, done: true}];
    }
  }

  fresh() {
    this.stop();
    Object.assign(this, {turns: [], chat: '', held: '', draft: ''});
    this.tell('asked', {q: '', chat: ''});
    this.marks();
    this.focusOn('textarea');
  }

  stop() {
    this.asking?.abort();
    this.asking = null;
  }

  submit(event) {
    event?.preventDefault();
    const question = this.draft.trim();
    if (question) this.ask(question);
  }

  /** The first question stands alone, the next ones are a conversation that the server remembers. */
  async ask(question) {
    this.stop();
    const asking = (this.asking = new AbortController());
    const turn = {question, claims: [], steps: [], nearest: [], notes: [], within: scopeLine(this.scope, this.one('longvid-scope') ?? {})};
    this.turns = [...this.turns, turn];
    this.draft = '';
    this.held = this.chat ||= conversations.name(question, this.chats);
    this.tell('asked', {q: question, chat: this.chat});
    this.updateComplete.then(() => this.one('.turn:last-of-type')?.scrollIntoView({block: 'start'}));
    try {
      const asked = {question, session: this.chat, ...filters(this.scope)};
      for await (const {event, data} of api.events('POST', 'ask', asked, asking.signal)) this.heard(turn, event, data);
    } catch (problem) {
      if (problem.name !== 'AbortError') turn.fault = problem.message;
      else turn.stopped = true;
    }
    turn.done = true;
    if (this.asking === asking) this.asking = null;
    this.turns = [...this.turns];
    this.list();
  }

  heard(turn, event, data) {
    if (event === 'step') turn.steps.push(data);
    if (event === 'claim') turn.claims.push(data);
    if (event === 'nearest') turn.nearest = data.moments;
    if (event === 'error') turn.fault = data.detail;
    if (event === 'answer') {
      Object.assign(turn, {answer: data, asked: data.question, claims: data.claims, nearest: data.nearest, notes: data.notes, steps: data.trail});
    }
    this.turns = [...this.turns];
    this.marks();
  }

  /** What is cited is shown on the player's lanes. */
  marks() {
    const turn = this.turns.at(-1);
    const places = turn ? (turn.claims.length ? turn.claims.flatMap((claim) => claim.citations) : turn.nearest) : [];
    this.tell('marks', {places});
  }

  async take(turn, format) {
    try {
      this.told = await takeAnswer(turn.answer, format);
    } catch (problem) {
      this.told = problem.message;
    }
    setTimeout(() => (this.told = ''), 5000);
  }

  async rename(event, name) {
    event.preventDefault();
    const wanted = new FormData(event.target).get('name').trim();
    this.renaming = null;
    try {
      if (wanted && wanted !== name) await conversations.rename(name, wanted);
    } catch (problem) {
      this.told = problem.message;
    }
    this.list();
  }

  async forget(name) {
    if (!confirm(t('chats.sure', {name}))) return;
    await conversations.remove(name);
    if (name === this.chat) this.fresh();
    this.list();
  }

  render() {
    return html`<section class="answer ${this.turns.length ? '' : 'new'}">
      ${this.turns.length ? nothing : html`<header class="hello"><h1>${t('ask.title')}</h1><p class="soft">${t('ask.promise')}</p></header>`}
      <div class="turns" role="log" aria-live="polite" aria-relevant="additions text" aria-label=${t('ask.answers')}>
        ${repeat(this.turns, (turn, i) => i, (turn) => this.turn(turn))}</div>
      <p class="told" role="status">${this.told ?? ''}</p>
      ${this.box()}
      ${this.turns.length ? nothing : this.sessions()}
    </section>`;
  }

  box() {
    return html`<form class="askbox" @submit=${this.submit}>
      <div class="field"><textarea rows="1" .value=${this.draft} placeholder=${t(this.turns.length ? 'ask.more' : 'ask.placeholder')} aria-label=${t('ask.label')}
        @input=${(event) => (this.draft = event.target.value)}
        @keydown=${(event) => event.key === 'Enter' && !event.shiftKey && !event.isComposing && this.submit(event)}></textarea>
        ${this.asking ? html`<button type="button" class="main sign" aria-label=${t('ask.stop')} title=${t('ask.stop')} @click=${this.stop}>${icon('stop')}</button>`
          : html`<button class="main sign" aria-label=${t('ask.send')} title=${t('ask.send')}>${icon('send')}</button>`}</div>
      <div class="under"><longvid-scope .scope=${this.scope} ?fixed=${Boolean(this.chat)} ?below=${!this.turns.length}></longvid-scope>
        ${this.turns.length ? html`<button type="button" class="quiet" @click=${this.fresh}>${t('ask.fresh')}</button>` : nothing}</div>
    </form>`;
  }

  turn(turn) {
    return html`<article class="turn"><h2 class="question" dir="auto">${turn.question}</h2>
      ${turn.asked && turn.asked !== turn.question ? html`<p class="soft">${t('ask.read', {asked: turn.asked})}</p>` : nothing}
      ${turn.done ? nothing : html`<p class="working"><i class="spin"></i> <span dir="auto">${turn.steps.at(-1)?.did ?? t('ask.working')}</span></p>`}
      ${turn.claims.length ? html`<ul class="claims">${turn.claims.map((claim) => html`<li><span dir="auto">${claim.text}</span>
        <span class="chips">${claim.citations.map((citation, i, all) => chip(this, citation, citation.video_id === all[i - 1]?.video_id))}</span></li>`)}</ul>` : nothing}
      ${turn.done && !turn.claims.length && !turn.fault ? this.nothing(turn) : nothing}
      ${turn.notes?.length ? html`<ul class="notes">${turn.notes.map((note) => html`<li dir="auto">${note}</li>`)}</ul>` : nothing}
      ${turn.answer?.partial ? html`<p class="notes">${t('ask.partial')}</p>` : nothing}
      ${turn.fault ? html`<p class="fault" role="alert">${turn.fault}</p>` : nothing}
      ${turn.stopped ? html`<p class="soft">${t('ask.stopped')}</p>` : nothing}
      ${turn.answer ? this.foot(turn) : nothing}</article>`;
  }

  nothing(turn) {
    return html`<div class="nothing"><p dir="auto">${turn.answer?.found === false ? turn.answer.answer : (turn.answer?.answer ?? t('ask.nothing'))}</p>
      ${turn.within ? html`<p class="soft" dir="auto">${t('ask.within', {scope: turn.within})} ${turn.answer?.searched ? searched(turn.answer.searched) : ''}</p>` : nothing}
      ${turn.nearest?.length ? html`<h3>${t('ask.nearest')}</h3><ul class="near">${turn.nearest.slice(0, 5).map((moment) => html`<li>
        ${chip(this, moment)} <span class="soft" dir="auto">${moment.evidence?.[0]?.text ?? ''}</span></li>`)}</ul>` : nothing}</div>`;
  }

  foot(turn) {
    const {usage, trail = []} = turn.answer;
    return html`<footer class="foot"><details class="trail"><summary>${t('trail', {n: trail.length, seconds: (usage?.seconds ?? 0).toFixed(1)})}</summary>
      <ol>${trail.map((step) => html`<li class=${step.found === 0 ? 'none' : ''}><span dir="auto">${step.did}</span>
        <small>${step.found === null || step.found === undefined ? '' : t('trail.found', {n: step.found})} · ${step.at_s.toFixed(1)} s</small></li>`)}</ol>
      ${usage?.model_calls ? html`<p class="soft">${t('trail.usage', {calls: usage.model_calls, tokens: usage.input_tokens + usage.output_tokens})}</p>` : nothing}
      </details>
      ${turn.claims.length ? html`<details class="menu"><summary>${t('take')}</summary><div>
        <button @click=${() => this.take(turn, 'copy')}>${t('take.copy')}</button>
        ${FORMATS.map((format) => html`<button @click=${() => this.take(turn, format)}>${t(`take.${format}`)}</button>`)}</div></details>` : nothing}</footer>`;
  }

  sessions() {
    if (!this.chats.length) return nothing;
    return html`<nav class="sessions" aria-label=${t('chats')}><h2>${t('chats')}</h2><ul>${this.chats.map((each) => html`<li>${
      each.name === this.renaming ? this.naming(each.name) : this.session(each)}</li>`)}</ul></nav>`;
  }

  session({name, turns, collection}) {
    const sign = (what, act) => html`<button class="sign ${what}" aria-label=${t(`chats.${what}`, {name})} title=${t(`chats.${what}`, {name})} @click=${act}>${icon(what)}</button>`;
    return html`<button class="row" @click=${() => { this.chat = name; this.tell('asked', {q: '', chat: name}); }}><span dir="auto">${name}</span>
        <small>${t('chats.turns', {n: turns})}${collection ? ` · ${collection}` : ''}</small></button>
      ${sign('pen', () => { this.renaming = name; this.focusOn('.sessions input'); })}${sign('trash', () => this.forget(name))}`;
  }

  naming(name) {
    return html`<form class="row" @submit=${(event) => this.rename(event, name)}><input name="name" class="grow" aria-label=${t('chats.called', {name})} .value=${name} maxlength="80" @keydown=${(event) => event.key === 'Escape' && (this.renaming = null)} />
      <button class="main">${t('save')}</button><button type="button" class="quiet" @click=${() => (this.renaming = null)}>${t('cancel')}</button></form>`;
  }
}

/** "Looked through 25 videos (24 h 10 min). 2 have no transcript: …" */
function searched({videos, duration_s, unsearched}) {
  const parts = [t('searched', {n: videos, length: length(duration_s)})];
  for (const why of ['not indexed', 'no transcript', 'damaged']) {
    const titles = unsearched.filter((each) => each.why === why).map((each) => (each.what ? `${each.title} (${each.what})` : each.title));
    if (titles.length) parts.push(t(`searched.${why}`, {n: titles.length, titles: titles.slice(0, 5).join(', ') + (titles.length > 5 ? ' …' : '')}));
  }
  return parts.join(' ');
}

customElements.define('longvid-answer', Answer);
