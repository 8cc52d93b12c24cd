/** Where one is, as the page's address carries it: view, question, conversation, scope, video and second. */

const PLAIN = ['q', 'chat', 'find', 'filter', 'sort', 'from', 'to', 'video', 't', 'mode', 'tab'];
const DEFAULTS = {view: 'ask', sort: 'title', mode: 'moments', tab: 'transcript'};

export function place({search}) {
  const params = new URLSearchParams(search);
  const at = {view: params.get('view') ?? DEFAULTS.view};
  for (const name of PLAIN) at[name] = params.get(name) ?? DEFAULTS[name] ?? '';
  const number = (name) => (params.has(name) ? Number(params.get(name)) || undefined : undefined);
  at.scope = {
    collection: params.get('collection') ?? undefined, video: params.get('only') ?? undefined, speaker: params.get('speaker') ?? undefined,
    from_s: number('from_s'), to_s: number('to_s'),
  };
  return at;
}

export function address({scope = {}, ...at}) {
  const {video: only, ...filters} = scope;
  const wanted = {...at, only, ...filters};
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) {
    if (value !== undefined && value !== null && value !== '' && value !== DEFAULTS[name]) params.set(name, value);
  }
  const text = params.toString().replaceAll('%2C', ',');
  return text && `?${text}`;
}
