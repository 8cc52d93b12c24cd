/** `<longvid-slides video="…">`: the slides with their titles and text; a click goes there. */
import {Part, html, nothing} from './base.js';
import {api, crossOrigin} from './api.js';
import {t} from './texts.js';
import {clock, lastBefore} from './times.js';
import {seek, videoOf} from './video.js';

class Slides extends Part {
  static properties = {video: {}, slides: {state: true}, current: {state: true}, fault: {state: true}};

  constructor() {
    super();
    this.slides = null;
    this.hear('time', ({video_id, at_s}) => {
      if (video_id === this.video && this.slides) this.current = lastBefore(this.slides, at_s);
    });
  }

  willUpdate(changed) {
    if (!changed.has('video') || !this.video) return;
    this.slides = null;
    const id = this.video;
    videoOf(id).slides().then((slides) => id === this.video && (this.slides = slides), (problem) => (this.fault = problem.message));
  }

  render() {
    if (this.fault) return html`<p class="fault" role="alert">${this.fault}</p>`;
    if (!this.slides) return html`<p class="empty">${t('loading')}</p>`;
    if (!this.slides.length) return html`<p class="empty">${t('slides.none')}</p>`;
    return html`<ol class="slides" aria-label=${t('slides.label')}>${this.slides.map((slide, i) => html`<li aria-current=${i === this.current ? 'true' : nothing}>
      <button class="picture" aria-label=${t('slides.go', {time: clock(slide.start_s), title: slide.title ?? ''})} @click=${() => seek(this, {video_id: this.video, start_s: slide.start_s, end_s: slide.end_s})}>
        <img crossorigin=${crossOrigin} loading="lazy" alt="" src=${api.frame(this.video, slide.keyframe_s, 480)} @error=${(event) => (event.target.hidden = true)} /><time dir="ltr">${clock(slide.start_s)}</time></button>
      <div><h3 dir="auto">${slide.title ?? t('slides.untitled', {n: i + 1})}</h3>${(slide.lines ?? []).filter((line) => line.text !== slide.title).map((line) => html`<p dir="auto">${line.text}</p>`)}</div></li>`)}</ol>`;
  }
}

customElements.define('longvid-slides', Slides);
