import {make} from '../page/dom.js';

const TAGS = {mark: 'code', template: 'span', system: 'em', text: 'strong'};

export const mount = (view) => {
  const {root} = view;
  const legend = make('p', {class: 'mw-rendered-legend'},
    'Yours in bold, the system prompt in italics, what the chat template adds in grey, its marks in frames.');
  const rendered = make('p', {class: 'mw-rendered', dir: 'auto', tabindex: '0'});
  root.append(make('details', {}, make('summary', {}, 'What the model reads'), legend, rendered));

  view.follow(({pieces = []}) => {
    root.hidden = !pieces.length;
    rendered.replaceChildren(...pieces.map(({kind, text}) => make(TAGS[kind] ?? 'span', {'data-kind': kind}, text)));
  });
};
