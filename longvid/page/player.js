/** `<longvid-player video="…" t="87.7">`: the browser's own <video> with controls, lanes and what is cited on it. */
import {Part, html, nothing, writing} from './base.js';
import {api, crossOrigin} from './api.js';
import {icon} from './icons.js';
import './lanes.js';
import {playerKey} from './shortcuts.js';
import {Storyboard} from './storyboard.js';
import {t} from './texts.js';
import {clock, lastBefore, readMark} from './times.js';
import {boxesOf, videoOf} from './video.js';

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const CAPTIONS = 'longvid.captions';
/** A film that cannot be read on is asked for anew, but not more often than this. */
const ANEW_MS = 5_000;
/** Playing passes the end of what is cited in steps that are shorter than this; a seek does not. */
const HELD_UP_S = 2;

class Player extends Part {
  static properties = {
    video: {}, t: {}, key: {}, info: {state: true}, now: {state: true}, playing: {state: true}, kind: {state: true},
    speed: {state: true}, captions: {state: true}, muted: {state: true}, fault: {state: true}, boxes: {state: true},
    slides: {state: true}, chapters: {state: true}, sounds: {state: true}, turns: {state: true}, line: {state: true}, places: {state: true},
    preview: {state: true}, span: {state: true}, src: {state: true}, told: {state: true},
  };

  constructor() {
    super();
    Object.assign(this, {now: 0, speed: 1, captions: localStorage.getItem(CAPTIONS) === 'on', places: [], boxes: []});
    this.empty();
    this.hear('seek', this.seekTo);
    this.hear('marks', ({places}) => (this.places = places));
    this.hear('renamed', () => this.load());
    this.pressed = (event) => !writing(event) && playerKey(this, event);
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener('keydown', this.pressed);
    // What was asked for before there was a player: it is here because of that.
    const place = this.last('seek');
    if (place && !place.done && !this.info) this.seekTo(place);
    this.places = this.last('marks')?.places ?? [];
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.pressed);
  }

  empty() {
    Object.assign(this, {info: null, slides: [], chapters: [], sounds: [], turns: [], line: null, kind: 'video', fault: '', now: 0});
    Object.assign(this, {storyboard: null, wanted: null, boxes: [], span: null, playing: false, way: 'file', shift: 0, src: ''});
  }

  willUpdate(changed) {
    if (changed.has('key') && this.key) api.use(this.key);
    if (changed.has('video')) this.load();
    if (changed.has('t') && this.t) {
      const at = readMark(this.t);
      if (at && !this.wanted && Math.abs(at.start_s - this.now) > 0.01) this.go(at.start_s, false, {...at, stop: at.end_s > at.start_s});
    }
  }

  async load() {
    const [id, wanted] = [this.video, this.wanted];
    if (this.info && this.info.video_id !== id) this.empty();
    this.wanted = wanted;
    if (!id) return;
    const video = videoOf(id);
    try {
      await api.ready();
      const info = await video.info();
      if (id !== this.video) return;
      Object.assign(this, await video.film());
      if (id !== this.video) return;
      this.info = info;
      if (this.kind === 'text') this.arrived();
      else if (this.way === 'file') this.src = video.media();
      else this.stream(this.wanted?.at_s ?? 0);
      const [slides, chapters, sounds, map] = await Promise.all([video.slides(), video.chapters(), video.sounds(), video.map()]);
      if (id !== this.video) return;
      Object.assign(this, {slides, chapters, sounds, turns: map.stretches});
      this.read(this.now);
      if (this.quoted) this.draw(this.quoted);
      if (this.kind === 'video') Storyboard.of(video).then((made) => (this.storyboard = made), () => {});
    } catch (problem) {
      if (id === this.video) this.fault = problem.message;
    }
  }

  get film() {
    return this.one('video');
  }

  /** What somebody else on the page asked for: a chip, a line, a hit. */
  seekTo(place) {
    if (place.video_id !== this.video) {
      if (this.hasAttribute('fixed')) return;
      this.video = place.video_id;
      this.empty();
    }
    place.done = true;
    this.go(place.at_s, place.play, place.end_s > place.start_s ? place : null);
    this.draw(place);
  }

  draw(place) {
    this.quoted = place;
    if (place.boxes?.length) this.boxes = place.boxes;
    else this.boxes = place.quote ? boxesOf(this.info?.screen_text ?? [], place) : [];
  }

  go(at_s, play = this.playing, span = null) {
    Object.assign(this, {span, wanted: {at_s, play}, told: ''});
    if (span === null) this.boxes = [];
    this.arrived();
  }

  /** Carry out the seek that was wanted, once there is something to seek in. */
  arrived() {
    const film = this.film;
    if (!this.wanted || !this.info) return;
    if (this.kind === 'text' || this.fault) {
      this.moved(this.wanted.at_s);
    } else if (film && film.readyState >= HTMLMediaElement.HAVE_METADATA) {
      if (this.way !== 'file') return this.stream(this.wanted.at_s);
      film.currentTime = this.wanted.at_s;
      this.moved(this.wanted.at_s);
      if (this.wanted.play) film.play().catch(() => {});
    } else {
      return;
    }
    this.wanted = null;
  }

  /** A film that is made playable has no byte ranges: it comes from the second asked for on, and a seek is another one. */
  stream(from_s) {
    this.from_s = from_s;
    this.src = videoOf(this.video).media(from_s);
  }

  /** The film's clock is the library's; of a stream a browser may count from where it begins. */
  loaded() {
    const {buffered} = this.film;
    if (this.way !== 'file') this.shift = buffered.length && buffered.start(0) < this.from_s - 1 ? this.from_s : 0;
    this.film.playbackRate = this.speed;
    if (!this.film.videoWidth && this.kind === 'video') this.kind = 'audio';
    if (this.way === 'file' || this.wanted?.at_s !== this.from_s) return this.arrived();
    const {at_s, play} = this.wanted;
    this.wanted = null;
    this.moved(at_s);
    if (play) this.film.play().catch(() => {});
  }

  moved(at_s) {
    this.now = at_s;
    this.read(at_s);
    this.tell('time', {video_id: this.video, at_s, playing: this.playing});
  }

  /** The file cannot be played as it is: ask for a stream that can, and say what is wrong where there is none. */
  async failed() {
    const network = this.film.error?.code === MediaError.MEDIA_ERR_NETWORK;
    if (this.way === 'file' && network && Date.now() - (this.renewed ?? 0) > ANEW_MS) {
      // The link to the store that it was sent to holds no more, say: it goes on where it was.
      this.renewed = Date.now();
      this.wanted ??= {at_s: this.now, play: this.playing};
      this.film.load();
      return;
    }
    if (this.way === 'file' && !network) {
      this.way = 'made';
      this.stream(this.wanted?.at_s ?? this.now);
      return;
    }
    const said = await videoOf(this.video).film();
    Object.assign(this, {fault: said.fault || t('player.unplayable'), kind: said.kind});
    this.arrived();
  }

  ticked() {
    if (this.wanted) return;
    const [before, now] = [this.now, this.film.currentTime + this.shift];
    this.moved(now);
    // What is cited has been heard: whoever wants to hear on presses play, and is not held up again.
    const end_s = this.span?.stop ? this.span.end_s : Infinity;
    if (before < end_s && now >= end_s && now - before < HELD_UP_S && !this.film.paused) {
      this.span = {...this.span, stop: false};
      this.told = t('player.cited');
      this.film.pause();
    }
  }

  toggle() {
    if (!this.film) return;
    if (this.film.paused) this.film.play().catch(() => {});
    else this.film.pause();
  }

  step(seconds) {
    this.go(Math.min(this.info?.duration_s ?? 0, Math.max(0, this.now + seconds)));
  }

  frame(direction) {
    this.film?.pause();
    // To the middle of the frame: its edges are rounded by the film's own clock.
    const rate = this.info?.frame_rate || 25;
    this.go(Math.max(0, (Math.floor(this.now * rate + 1e-3) + direction + 0.5) / rate), false);
  }

  /** To the start before or after now in a list of places; the first again after the last. */
  jump(places, direction) {
    const starts = places.map((place) => place.play_s ?? place.start_s).sort((a, b) => a - b);
    const ahead = starts.filter((start) => start > this.now + 0.3);
    const behind = starts.filter((start) => start < this.now - 1.5);
    const to = direction > 0 ? (ahead[0] ?? starts[0]) : (behind.at(-1) ?? starts.at(-1));
    if (to !== undefined) this.go(to);
  }

  get hits() {
    return this.places.filter((place) => place.video_id === this.video);
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.film) this.film.playbackRate = speed;
  }

  faster(direction) {
    const at = SPEEDS.indexOf(this.speed) + direction;
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))]);
  }

  caption() {
    this.captions = !this.captions;
    localStorage.setItem(CAPTIONS, this.captions ? 'on' : 'off');
    this.read(this.now);
  }

  mute() {
    if (this.film) this.film.muted = !this.film.muted;
  }

  whole() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.one('.player').requestFullscreen?.();
  }

  inset() {
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else this.film?.requestPictureInPicture?.().catch(() => {});
  }

  /** The line that is said at a second: for captions, and where there is nothing else to look at. */
  async read(at_s) {
    if (!this.captions && this.kind === 'video') return;
    const video = videoOf(this.video);
    const index = await video.lineAt(at_s).catch(() => -1);
    if (video.id !== this.video || at_s !== this.now) return;
    const line = video.lines.item(index);
    this.line = line && at_s < line.end_s + 1 ? line : null;
  }

  hover(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const part = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    const at_s = part * (this.info?.duration_s ?? 0);
    this.preview = {part, at_s, chapter: this.chapters[lastBefore(this.chapters, at_s)]?.title};
  }

  render() {
    if (!this.video) return html`<p class="empty">${t('player.none')}</p>`;
    return html`<section class="player ${this.kind}" aria-label=${t('player.label')}>
      ${this.screen()} ${this.timeline()} ${this.controls()}
    </section>`;
  }

  screen() {
    const inBox = this.span && this.now >= this.span.start_s - 1 && this.now <= Math.max(this.span.end_s, this.span.start_s + 3);
    const ratio = this.film?.videoWidth ? this.film.videoWidth / this.film.videoHeight : 16 / 9;
    return html`<div class="screen" .style=${`--ratio:${ratio}`}>
      ${this.kind === 'text' || !this.src ? nothing : html`<video crossorigin=${crossOrigin} playsinline preload="metadata" src=${this.src}
        aria-label=${this.info?.title ?? ''} @click=${this.toggle} @loadedmetadata=${() => this.way === 'file' && this.loaded()} @loadeddata=${() => this.way !== 'file' && this.loaded()} @error=${this.failed}
        @timeupdate=${this.ticked} @seeked=${this.ticked}
        @play=${() => Object.assign(this, {playing: true, told: ''})} @pause=${() => (this.playing = false)} @ended=${() => (this.playing = false)}
        @volumechange=${(e) => (this.muted = e.target.muted)} @ratechange=${(e) => (this.speed = e.target.playbackRate)}></video>`}
      ${this.kind === 'video' && !this.fault ? nothing : html`<div class="paper" @click=${this.toggle}>
        <p class="soft">${this.fault || (this.kind === 'audio' ? t('player.audio') : t('player.text'))}</p>
        <blockquote dir="auto">${this.line ? html`${this.line.speaker ? html`<b>${this.line.speaker}</b> ` : nothing}${this.line.text}` : this.info?.title}</blockquote>
      </div>`}
      ${inBox ? this.boxes.map(([x0, y0, x1, y1]) => html`<i class="box" .style=${
        `left:${x0 * 100}%;top:${y0 * 100}%;width:${(x1 - x0) * 100}%;height:${(y1 - y0) * 100}%`}></i>`) : nothing}
      ${this.captions && this.line && this.kind === 'video' ? html`<p class="captions" dir="auto"><span>${this.line.text}</span></p>` : nothing}
    </div>`;
  }

  timeline() {
    const duration_s = this.info?.duration_s || 1;
    return html`<div class="timeline" dir="ltr" @pointermove=${this.hover} @pointerleave=${() => (this.preview = null)}>
      <input class="seek" type="range" min="0" max=${duration_s} step="0.01" .value=${String(this.now)} aria-label=${t('player.seek')}
        aria-valuetext=${t('player.at', {now: clock(this.now), end: clock(duration_s)})} .style=${`--played:${(this.now / duration_s) * 100}%`}
        @input=${(event) => this.go(Number(event.target.value))} />
      ${this.preview ? this.hovering() : nothing}
      <longvid-lanes .duration=${duration_s} .hits=${this.hits} .slides=${this.slides} .chapters=${this.chapters}
        .turns=${this.turns} .sounds=${this.sounds} @longvid-lane=${(event) => this.go(event.detail.at_s)}></longvid-lanes>
      <i class="head" .style=${`left:${(this.now / duration_s) * 100}%`}></i>
    </div>`;
  }

  hovering() {
    const picture = this.storyboard?.style(this.preview.at_s);
    return html`<div class="preview" aria-hidden="true" .style=${`left:clamp(5.5rem, ${this.preview.part * 100}%, calc(100% - 5.5rem))`}>
      ${picture ? html`<i .style=${picture}></i>` : nothing}
      <span dir="auto">${clock(this.preview.at_s)}${this.preview.chapter ? ` · ${this.preview.chapter}` : ''}</span></div>`;
  }

  button(name, label, act, {off = false, on} = {}) {
    return html`<button class="sign" title=${label} aria-label=${label} ?disabled=${off} aria-pressed=${on ?? nothing} @click=${act}>${icon(name)}</button>`;
  }

  controls() {
    const still = this.kind === 'text' || Boolean(this.fault);
    return html`<div class="controls" role="toolbar" aria-label=${t('player.controls')}>
      ${still ? nothing : this.button(this.playing ? 'pause' : 'play', t(this.playing ? 'player.pause' : 'player.play'), this.toggle)}
      <output class="clock" dir="ltr">${clock(this.now)} / ${clock(this.info?.duration_s ?? 0)}</output>
      <span class="gap soft" role="status">${this.told ?? ''}</span>
      ${this.slides.length ? html`${this.button('back', t('player.slideBack'), () => this.jump(this.slides, -1))}
        ${this.button('ahead', t('player.slideAhead'), () => this.jump(this.slides, 1))}` : nothing}
      ${this.button('hit', t('player.hit'), () => this.jump(this.hits, 1), {off: !this.hits.length})}
      ${this.kind === 'video' && !still ? html`<span class="wide">${this.button('frameBack', t('player.frameBack'), () => this.frame(-1))}
        ${this.button('frameAhead', t('player.frameAhead'), () => this.frame(1))}</span>` : nothing}
      ${still ? nothing : html`<select class="speed" aria-label=${t('player.speed')} @change=${(e) => this.setSpeed(Number(e.target.value))}>
        ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === this.speed}>${speed}×</option>`)}</select>
      <span class="wide">${this.button(this.muted ? 'mute' : 'sound', t('player.mute'), this.mute, {on: String(Boolean(this.muted))})}</span>`}
      ${this.kind === 'video' && !still ? html`${this.button('captions', t('player.captions'), this.caption, {on: String(this.captions)})}
        <span class="wide">${document.pictureInPictureEnabled ? this.button('inset', t('player.inset'), this.inset) : nothing}</span>
        ${this.button('full', t('player.full'), this.whole)}` : nothing}
    </div>`;
  }
}

customElements.define('longvid-player', Player);
