/** `<longvid-transcript video="…">`: what is said, line by line; it follows the sound until somebody scrolls. */
import {Part, html, nothing} from './base.js';
import {Blocks} from './blocks.js';
import {api, save} from './api.js';
import {icon} from './icons.js';
import {copyQuote, copyText, linkTo, spanAnswer} from './take.js';
import {t} from './texts.js';
import {clock} from './times.js';
import {videoOf, seek} from './video.js';
import {marked, finder} from './words.js';

const LINE_PX = 52;
const PAUSE_MS = 150;

class Transcript extends Part {
  static properties = {
    video: {}, key: {}, query: {state: true}, found: {state: true}, at: {state: true}, follows: {state: true},
    chosen: {state: true}, fault: {state: true}, count: {state: true}, renaming: {state: true}, told: {state: true},
  };

  constructor() {
    super();
    Object.assign(this, {query: '', rounds: 0, reached: 0, found: [], at: 0, follows: true, current: -1, now: 0, count: 0, cited: this.last('seek')});
    this.hear('time', ({video_id, at_s}) => video_id === this.video && this.reach(at_s));
    this.hear('seek', (place) => {
      this.cited = place;
      this.follows = true;
      if (place.video_id === this.video) this.reach(place.at_s);
      this.blocks?.refresh();
    });
    this.hear('renamed', () => this.load());
  }

  willUpdate(changed) {
    if (changed.has('key') && this.key) api.use(this.key);
    if (changed.has('video')) this.load();
  }

  firstUpdated() {
    const parent = this.one('.lines');
    this.blocks = new Blocks({
      scroller: parent, parent, size: 20, height: (count) => count * LINE_PX, draw: (from, to) => this.draw(from, to),
      load: (from, to) => this.lines.load(from, to),
    });
    this.blocks.show(this.count);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.blocks?.show(0);
  }

  async load() {
    const id = this.video;
    const fresh = id !== this.shown;
    Object.assign(this, {fault: '', chosen: null, shown: id, current: -1});
    if (fresh) Object.assign(this, {query: '', found: []});
    if (!id) return;
    try {
      await api.ready();
      const {count} = await videoOf(id).map();
      if (id !== this.video) return;
      this.lines = videoOf(id).lines;
      this.count = count;
      this.blocks?.show(count, fresh);
      if (this.query) this.search(this.query);
      this.blocks?.refresh();
      this.reach(this.now);
    } catch (problem) {
      if (id === this.video) this.fault = problem.message;
    }
  }

  /** The sound is at this second: mark its line and, while following, bring it into view. */
  async reach(at_s) {
    this.now = at_s;
    if (!this.count) return;
    const [video, round] = [this.video, ++this.rounds];
    const current = await videoOf(video).lineAt(at_s).catch(() => -1);
    if (video !== this.video || round < this.reached || current === this.current) return;
    Object.assign(this, {current, reached: round});
    this.marked?.removeAttribute('aria-current');
    if (this.follows) this.reveal(current);
    else this.mark(this.shownLine(current));
  }

  mark(line) {
    this.marked = line;
    line?.setAttribute('aria-current', 'true');
  }

  shownLine(index) {
    return this.one(`.line[data-i="${index}"]`);
  }

  reveal(index) {
    const line = index >= 0 ? this.blocks?.item(index) : null;
    if (!line) return;
    if (index === this.current) this.mark(line);
    const list = this.one('.lines');
    const place = () => (list.scrollTop += line.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 3);
    place();
    // Blocks that were drawn on the way have other heights than was expected.
    requestAnimationFrame(place);
  }

  back() {
    this.follows = true;
    this.reveal(this.current);
  }

  /** Which lines hold these words is asked of the server, once nobody types any more. */
  search(query) {
    this.query = query;
    clearTimeout(this.typing);
    this.typing = setTimeout(async () => {
      const {found} = query.trim() ? await videoOf(this.video).map(query).catch(() => ({found: []})) : {found: []};
      if (query !== this.query) return;
      this.found = found;
      this.at = Math.max(0, found.findIndex((i) => i >= this.current));
      this.blocks?.refresh();
    }, PAUSE_MS);
  }

  async next(direction) {
    if (!this.found.length) return;
    this.at = (this.at + direction + this.found.length) % this.found.length;
    this.follows = false;
    const index = this.found[this.at];
    await this.lines.load(index, index + 1);
    this.reveal(index);
    this.blocks.refresh();
  }

  /** A click goes there; with Shift it chooses all lines from the last one chosen on. */
  pick(index, event) {
    const line = this.lines.item(index);
    if (event.shiftKey) {
      const from = this.chosen ? this.chosen.anchor : index;
      this.chosen = {anchor: from, from: Math.min(from, index), to: Math.max(from, index)};
    } else {
      this.chosen = null;
      this.anchor = index;
      seek(this, {video_id: this.video, start_s: line.start_s, end_s: line.end_s});
    }
    this.blocks.refresh();
  }

  /** Text that was selected over lines chooses these lines; a mouse, a finger and the keyboard all can. */
  selected() {
    const [range] = getSelection().getComposedRanges?.({shadowRoots: [this.renderRoot]}) ?? [];
    if (!range || range.collapsed) return;
    const [from, to] = [range.startContainer, range.endContainer].map((node) => Number((node.closest ? node : node.parentElement)?.closest('.line')?.dataset.i ?? NaN));
    if (Number.isNaN(from + to)) return;
    Object.assign(this, {chosen: {anchor: from, from, to}, follows: false});
    this.blocks.refresh();
  }

  /** The chosen lines as one span, and what is said in it. */
  async span() {
    const {from, to} = this.chosen;
    const lines = await this.lines.load(from, to + 1);
    return {start_s: lines[0].start_s, end_s: lines.at(-1).end_s, text: lines.map((line) => line.text).join(' ')};
  }

  async say(done) {
    try {
      this.told = (await done) ?? t('copied');
    } catch (problem) {
      this.told = problem.message;
    }
    setTimeout(() => (this.told = ''), 4000);
  }

  async rename(event) {
    event.preventDefault();
    const name = new FormData(event.target).get('name').trim();
    const old = this.renaming;
    this.renaming = null;
    if (!name || name === old) return;
    try {
      await videoOf(this.video).rename(old, name);
      this.tell('renamed', {video_id: this.video});
    } catch (problem) {
      this.say(Promise.reject(problem));
    }
  }

  draw(from, to) {
    const find = this.query ? finder(this.query) : null;
    const lines = this.lines?.slice(from, to) ?? null;
    return lines && html`${lines.map((line, offset) => {
      const i = from + offset;
      const speaks = line.speaker && this.lines.item(i - 1)?.speaker !== line.speaker;
      const chosen = this.chosen && i >= this.chosen.from && i <= this.chosen.to;
      const cited = this.cited?.video_id === this.video && line.start_s < Math.max(this.cited.end_s, this.cited.start_s + 0.1) && line.end_s > this.cited.start_s;
      const hit = this.found[this.at] === i;
      return html`<div class="line ${chosen ? 'chosen' : ''} ${cited ? 'cited' : ''} ${hit ? 'hit' : ''}" role="listitem" data-i=${i}
        aria-posinset=${i + 1} aria-setsize=${this.count} aria-current=${i === this.current ? 'true' : nothing}>
        <button class="time" aria-label="${clock(line.start_s)} ${line.speaker ?? ''}" @click=${(event) => this.pick(i, event)}>${clock(line.start_s)}</button>
        <div>${speaks ? html`<button class="speaker" title=${t('transcript.rename', {name: line.speaker})} @click=${() => { this.renaming = line.speaker; this.focusOn('[name=name]'); }}>${line.speaker}</button>` : nothing}
        <p dir="auto" @click=${(event) => getSelection().isCollapsed && this.pick(i, event)}>${find ? marked(line.text, find) : line.text}</p></div>
        <button class="sign copy" aria-label=${t('transcript.link', {time: clock(line.start_s)})} title=${t('transcript.link', {time: clock(line.start_s)})}
          @click=${() => this.say(copyText(linkTo(this.video, line.start_s)))}>${icon('link')}</button>
      </div>`;
    })}`;
  }

  bar() {
    return html`<div class="bar">
      <label class="find">${icon('search')}<input type="search" placeholder=${t('transcript.search')} aria-label=${t('transcript.search')} .value=${this.query}
        @input=${(event) => this.search(event.target.value)} @keydown=${(event) => event.key === 'Enter' && this.next(event.shiftKey ? -1 : 1)} /></label>
      ${this.query ? html`<output>${this.found.length ? t('transcript.found', {at: this.at + 1, n: this.found.length}) : t('transcript.nothing')}</output>` : nothing}
      <button class="quiet ${this.follows ? 'on' : ''}" aria-pressed=${String(this.follows)} @click=${() => (this.follows ? (this.follows = false) : this.back())}>
        ${icon('follow')} ${t(this.follows ? 'transcript.follows' : 'transcript.follow')}</button>
    </div>
    ${this.chosen ? html`<div class="bar chosen" role="toolbar"><span>${t('transcript.chosen', {n: this.chosen.to - this.chosen.from + 1})}</span>
      <button class="quiet" @click=${() => this.say(this.span().then((span) => copyQuote(this.video, span)))}>${t('take.quote')}</button>
      <button class="quiet" @click=${() => this.say(this.span().then(({start_s, end_s}) => copyText(linkTo(this.video, start_s, end_s))))}>${t('take.link')}</button>
      <button class="quiet" @click=${() => this.say(this.clip())}>${t('take.clip')}</button>
      <button class="sign" aria-label=${t('close')} @click=${() => { this.chosen = null; this.blocks.refresh(); }}>${icon('close')}</button></div>` : nothing}
    ${this.renaming ? html`<form class="bar" @submit=${this.rename}><label class="grow">${t('transcript.called', {name: this.renaming})}
      <input name="name" .value=${this.renaming} maxlength="80" @keydown=${(event) => event.key === 'Escape' && (this.renaming = null)} /></label><button class="main">${t('save')}</button>
      <button type="button" class="quiet" @click=${() => (this.renaming = null)}>${t('cancel')}</button></form>` : nothing}`;
  }

  async clip() {
    const answer = spanAnswer(await videoOf(this.video).info(), await this.span());
    await save(await api.send('POST', 'exports', {format: 'clip', answer}), 'clip.mp4');
    return t('saved');
  }

  render() {
    const free = () => (this.follows = false);
    return html`<section class="transcript" aria-label=${t('transcript.label')}>${this.bar()}
      <p class="told" role="status">${this.told ?? ''}</p>
      ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
      ${!this.count && !this.fault ? html`<p class="empty">${t('transcript.none')}</p>` : nothing}
      <div class="lines" role="list" tabindex="-1" @pointerup=${this.selected} @keyup=${this.selected} @touchend=${this.selected} @wheel=${free} @touchmove=${free}
        @pointerdown=${(event) => event.target === event.currentTarget && free()}
        @keydown=${(event) => ['PageUp', 'PageDown', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key) && free()}></div>
    </section>`;
  }
}

customElements.define('longvid-transcript', Transcript);
