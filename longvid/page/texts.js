/**
 * Every English text of the page. A translation is this file with other words, its language and its direction;
 * `{name}` is filled in, and a text that counts has one form for each of the language's plural categories.
 */
export const language = {lang: 'en', dir: 'ltr'};

const TEXTS = {
  close: 'Close', done: 'Done', save: 'Save', saved: 'Saved.', cancel: 'Cancel', copy: 'Copy', copied: 'Copied.',
  loading: 'Loading …', skip: 'Skip to content', theme: 'Dark or light', views: 'Views',
  videos: {one: '{n} video', other: '{n} videos'},
  left: '{length} left',
  chip: '{title}, {time}: play',

  'view.ask': 'Ask', 'view.search': 'Search', 'view.library': 'Library', 'view.admin': 'Admin',

  lock: 'This library needs a key.', 'lock.key': 'Key', 'lock.open': 'Open',

  'ask.title': 'Ask your videos',
  'ask.promise': 'Every sentence of an answer cites the second it comes from. Click one to hear it.',
  'ask.label': 'Question', 'ask.placeholder': 'When does the speaker define …?', 'ask.more': 'Ask on: and what came after that?',
  'ask.send': 'Ask', 'ask.stop': 'Stop', 'ask.stopped': 'Stopped.', 'ask.fresh': 'New conversation', 'ask.answers': 'Answers',
  'ask.working': 'Looking …', 'ask.read': 'Read as: {asked}', 'ask.nothing': 'Not in here.', 'ask.within': 'Asked of {scope}.',
  'ask.nearest': 'The nearest moments', 'ask.partial': 'This is a part of the answer: something of the question stayed open.',
  searched: {one: 'Looked through {n} video ({length}).', other: 'Looked through {n} videos ({length}).'},
  'searched.not indexed': {one: '{n} is not indexed whole: {titles}.', other: '{n} are not indexed whole: {titles}.'},
  'searched.no transcript': {one: '{n} has no transcript: {titles}.', other: '{n} have no transcript: {titles}.'},
  'searched.damaged': {one: '{n} is damaged: {titles}.', other: '{n} are damaged: {titles}.'},

  trail: {one: 'How: {n} step, {seconds} s', other: 'How: {n} steps, {seconds} s'},
  'trail.found': {zero: 'nothing', one: '{n} found', other: '{n} found'},
  'trail.usage': '{calls} model calls, {tokens} tokens',

  chats: 'Earlier conversations', 'chats.turns': {one: '{n} question', other: '{n} questions'}, 'chats.trash': 'Delete “{name}”', 'chats.pen': 'Rename “{name}”', 'chats.called': '“{name}” is called', 'chats.sure': 'Delete “{name}” and what was asked in it?',

  'scope.in': 'In', 'scope.change': 'Where to look', 'scope.fixed': 'A conversation keeps to where it began: begin a new one to look elsewhere.',
  'scope.all': {one: 'the one video', other: 'all {n} videos'}, 'scope.everything': 'everything',
  'scope.collection': {one: '{n} video in {name}', other: '{n} videos in {name}'}, 'scope.video': '“{title}”',
  'scope.speaker': 'what {name} says', 'scope.time': '{from} to {to}', 'scope.end': 'end',
  'scope.of': 'Collection', 'scope.everywhere': 'All', 'scope.only': 'Only “{title}”', 'scope.who': 'Speaker', 'scope.anybody': 'anybody',
  'scope.from': 'From', 'scope.to': 'To', 'scope.clear': 'Everything', 'scope.badtime': 'A time is written 90, 1:30 or 1:01:30.',

  'search.label': 'Search', 'search.placeholder': 'Words or their meaning', 'search.mode': 'What to list', 'search.moments': 'Best moments',
  'search.mentions': 'All mentions', 'search.busy': 'Searching …', 'search.hint': 'Moments appear as you type.',
  'search.none.moments': 'Nothing found.', 'search.none.mentions': 'Nowhere said or shown.',
  'search.near': 'Nothing found with these words. The nearest:',
  'search.sum.moments': {one: '{n} moment in {videos}', other: '{n} moments in {videos}'},
  'search.sum.mentions': {one: '{n} mention in {videos}', other: '{n} mentions in {videos}'}, 'search.all': 'Show all {n}',
  'search.more': {one: '{n} more is near in meaning', other: '{n} more are near in meaning'},

  'kind.speech': 'said', 'kind.screen': 'on screen', 'kind.picture': 'picture', 'kind.summary': 'summary', 'kind.sound': 'heard', 'kind.translation': 'translation',

  'library.label': 'Library', 'library.filters': 'Filters', 'library.filter': 'Title', 'library.collection': 'Collection', 'library.all': 'All', 'library.speaker': 'Speaker',
  'library.from': 'Since', 'library.to': 'Until', 'library.sort': 'Sort by',
  'library.count': {one: '{n} video', other: '{n} videos'}, 'library.open': 'Open {title}, {length}',
  'library.remove': 'Forget “{title}”', 'library.sure': 'Forget “{title}”? Its file is not touched.',
  'library.empty': 'No videos yet: add files here, or run: longvid index FOLDER', 'library.nothing': 'No video fits these filters.',
  'sort.title': 'Title', 'sort.-date': 'Newest first', 'sort.date': 'Oldest first', 'sort.-duration': 'Longest first', 'sort.duration': 'Shortest first',
  'state.gone': 'file is gone', 'state.failed': 'something failed',

  'upload.files': 'Add files', 'upload.folder': 'Add a folder', 'upload.into': 'into', 'upload.none': 'no collection', 'upload.drop': 'or drop them anywhere on the page',
  'upload.speed': '{mb} MB/s', 'upload.stop': 'Stop {name}', 'upload.stopped': 'Stopped.',
  'upload.interrupted': '“{name}” was not sent whole: choose it again and it goes on.', 'upload.forget': 'Forget it',
  'jobs.label': 'Jobs', 'jobs.none': 'Nothing was asked to be indexed here.', 'jobs.one': 'Job {id}', 'jobs.cancel': 'Cancel', 'jobs.progress': 'Progress', 'jobs.speed': '{x}× real time', 'jobs.stage': '{name} ({at} of {of})',
  'stage.transcript': 'what is said', 'stage.speakers': 'who speaks', 'stage.visual': 'pictures', 'stage.sounds': 'sounds', 'stage.screen_text': 'text on screen',
  'stage.vectors': 'meanings', 'stage.structure': 'chapters', 'stage.summaries': 'summary',
  'job.queued': 'waiting', 'job.running': 'running', 'job.done': 'done', 'job.failed': 'failed', 'job.cancelled': 'cancelled', 'job.cancelling': 'ends',

  'watch.only': 'Ask only this', 'watch.close': 'Close the video', 'watch.tabs': 'About this video',
  'tab.transcript': 'Transcript', 'tab.slides': 'Slides', 'tab.summary': 'Summary', 'tab.take': 'Take away',

  'player.label': 'Player', 'player.none': 'Choose a video.', 'player.controls': 'Controls', 'player.seek': 'Time', 'player.at': '{now} of {end}',
  'player.play': 'Play (k)', 'player.pause': 'Pause (k)', 'player.slideBack': 'Slide before ([)', 'player.slideAhead': 'Next slide (])',
  'player.hit': 'Next hit (n)', 'player.frameBack': 'Frame before (,)', 'player.frameAhead': 'Next frame (.)', 'player.speed': 'Speed',
  'player.mute': 'Mute (m)', 'player.captions': 'Captions (c)', 'player.inset': 'Picture in picture (i)', 'player.full': 'Full screen (f)',
  'player.cited': 'The cited part ends here.', 'player.audio': 'Sound only', 'player.text': 'Transcript only', 'player.unplayable': 'This file cannot be played here.',
  'lane.hits': 'Cited', 'lane.chapters': 'Chapters', 'lane.slides': 'Slides', 'lane.speakers': 'Speakers', 'lane.sounds': 'Sounds',
  'lane.hits.label': {one: '{n} place cited or found', other: '{n} places cited or found'}, 'lane.chapters.label': {one: '{n} chapter', other: '{n} chapters'},
  'lane.slides.label': {one: '{n} slide', other: '{n} slides'}, 'lane.speakers.label': {one: '{n} turn', other: '{n} turns'},
  'lane.sounds.label': {one: '{n} sound', other: '{n} sounds'},

  'transcript.label': 'Transcript', 'transcript.search': 'Find in the transcript', 'transcript.found': '{at} of {n}', 'transcript.nothing': 'not found',
  'transcript.follow': 'Back to now', 'transcript.follows': 'Following', 'transcript.none': 'Nothing is said here.',
  'transcript.link': 'Copy a link to {time}', 'transcript.rename': 'Rename {name}', 'transcript.called': '{name} is called',
  'transcript.chosen': {one: '{n} line', other: '{n} lines'},

  'slides.label': 'Slides', 'slides.none': 'No slides were seen in this video.', 'slides.untitled': 'Slide {n}', 'slides.go': '{time} {title}: go there',

  'summary.overview': 'Overview', 'summary.decisions': 'Decisions', 'summary.action_items': 'Tasks', 'summary.open_questions': 'Open questions',
  'summary.chapters': 'Chapters', 'summary.how': 'Made of {how}.', 'summary.none': 'Nothing to summarise was said here.',

  take: 'Take away', 'take.copy': 'Copy as Markdown', 'take.html': 'Report (HTML)', 'take.md': 'Report (Markdown)', 'take.clip': 'Clip', 'take.srt': 'Subtitles (SRT)',
  'take.edl': 'Cut list (EDL)', 'take.otio': 'Timeline (OTIO)', 'take.quote': 'Copy quote', 'take.link': 'Copy link', 'take.links': 'Links',
  'take.second': 'Copy a link to this second', 'take.start': 'Copy a link to the video',
  'take.hint': 'For a quote, a link or a clip of some lines: select their text in the transcript, or click the first and the last one holding Shift.',
  'chapters.youtube': 'YouTube', 'chapters.vtt': 'WebVTT', 'chapters.ffmetadata': 'FFmpeg',

  'admin.label': 'Admin', 'admin.keys': 'Keys', 'admin.nokeys': 'There are no keys: only this computer may use the library. From the first key on, this computer needs one too: keep it.',
  'admin.name': 'Name', 'admin.may': 'May', 'admin.sees': 'Sees', 'admin.until': 'Until', 'admin.everything': 'everything', 'admin.forever': 'always',
  'admin.days': 'Days it holds', 'admin.add': 'Make a key', 'admin.once': 'It is shown this once:', 'admin.revoke': 'Revoke “{name}”',
  'admin.sure': 'Revoke “{name}”? Who uses it is locked out at once.',
  'admin.models': 'Models', 'admin.role': 'For', 'admin.runs': 'Runs', 'admin.better': 'To get better', 'admin.storage': 'Storage',
  'admin.held': {one: '{n} video, {mb} MB of knowledge about it', other: '{n} videos, {mb} MB of knowledge about them'},

  'keys.title': 'Keyboard', 'keys.page': 'Page', 'keys.player': 'Player', 'keys.off': 'No single-letter keys (for voice control)',
  'key./': 'Ask', 'key.s': 'Search', 'key.b': 'Library', 'key.t': 'Transcript', 'key.u': 'Copy a link to this second', 'key.x': 'Close the video', 'key.?': 'This sheet',
  'key.k': 'Play or pause', 'key.ArrowLeft': '5 seconds back, ahead', 'key.j': '10 seconds back, ahead', 'key.,': 'Frame before, next', 'key.[': 'Slide before, next',
  'key.n': 'Next hit, hit before', 'key.<': 'Slower, faster', 'key.c': 'Captions', 'key.m': 'Mute', 'key.i': 'Picture in picture', 'key.f': 'Full screen',
};

const plural = new Intl.PluralRules(language.lang);

export function t(name, values = {}) {
  let text = TEXTS[name];
  if (text === undefined) throw new Error(`texts.js has no text ${name}`);
  if (typeof text === 'object') text = (values.n === 0 && text.zero) || text[plural.select(values.n)] || text.other;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? '');
}
