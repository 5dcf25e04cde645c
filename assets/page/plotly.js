// Plotly, loaded when the first chart is seen, and its figures in the page's own colours and letters.
const SMALLER = 0.86;  // than the text around it

let loading = null;

// The library that the package plotly brings along; the app serves it beside these scripts.
const loaded = () => {
  loading ||= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('../plotly.min.js', import.meta.url);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { loading = null; reject(new Error('Plotly did not load.')); };
    document.head.append(script);
  });
  return loading;
};

// A copy of a figure's part in which each colour that stands for a style variable has the page's value of it.
const recoloured = (part, colors) => {
  if (typeof part === 'string') return colors[part] ?? part;
  if (Array.isArray(part)) return part.map((each) => (typeof each === 'number' ? each : recoloured(each, colors)));
  if (part === null || typeof part !== 'object') return part;
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, recoloured(each, colors)]));
};

// A variable can hold a formula, which Plotly cannot read: the browser computes it once for each chart and theme.
const computed = (node, variables) => {
  const probe = document.createElement('span');
  node.append(probe);
  const colors = Object.entries(variables).map(([color, name]) => {
    probe.style.color = `var(${name})`;
    return [color, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colors);
};

const picture = (Plotly, name, format) => ({
  name: `${format}-picture`, title: `Save as ${format.toUpperCase()}`, icon: Plotly.Icons[format === 'png' ? 'camera' : 'disk'],
  click: (node) => Plotly.downloadImage(node, {format, filename: name, scale: format === 'png' ? 2 : 1}),
});

const settings = (Plotly, name) => ({
  displaylogo: false, displayModeBar: true, responsive: false,
  modeBarButtons: [[picture(Plotly, name, 'png'), picture(Plotly, name, 'svg')], ['zoom2d', 'pan2d', 'resetScale2d']],
});

// A figure in a node that stays. name: of the pictures that are saved of it.
export class Figure {
  constructor(node, name) {
    Object.assign(this, {node, name, figure: null, drawing: false, again: false});
    new ResizeObserver(() => this.redraw()).observe(node);
    const themes = new MutationObserver(() => this.redraw());
    for (const page of [document.documentElement, document.body]) themes.observe(page, {attributeFilter: ['class']});
  }

  draw(figure) {
    this.figure = figure;
    this.node.style.minHeight = `${figure.layout.height}px`;  // so that nothing moves once it is drawn
    return this.redraw();
  }

  // One drawing at a time, and none while the node is out of sight; what changes meanwhile is drawn after it.
  async redraw() {
    if (!this.figure || !this.node.clientWidth) return;
    this.again = this.drawing;
    if (this.drawing) return;
    this.drawing = true;
    try {
      await this.react(await loaded());
    } catch (error) {
      this.node.textContent = 'The figure could not be drawn.';
      throw error;
    } finally {
      this.drawing = false;
    }
    if (this.again) requestAnimationFrame(() => this.redraw());
  }

  async react(Plotly) {
    const {node, name, figure: {data, layout}} = this;
    this.settings ||= settings(Plotly, name);  // with others each time, Plotly would begin anew and lose the zoom
    const style = getComputedStyle(node), colors = computed(node, layout.meta), own = recoloured(layout, colors);
    const size = Math.round(parseFloat(style.fontSize) * SMALLER), font = {...own.font, family: style.fontFamily, size};
    const traces = recoloured(data, colors).map((trace) => (trace.textfont ? {...trace, textfont: {...trace.textfont, size}} : trace));
    const held = node.querySelector('.modebar-btn:focus')?.dataset.title;
    node.style.setProperty('--seen', `${node.clientWidth}px`);
    await Plotly.react(node, traces, {...own, width: Math.max(node.clientWidth, own.width || 0), font}, this.settings);
    // Plotly makes the mode bar anew each time it draws: the button that had the focus keeps it.
    if (held) node.querySelector(`.modebar-btn[data-title="${held}"]`)?.focus({preventScroll: true});
  }

  // Shows what stands at the step'th point of the first line, as the pointer would.
  pointAt(step) {
    const [first] = this.node.data || [];
    if (first?.type === 'scatter' && step < first.x.length) window.Plotly.Fx.hover(this.node, [{curveNumber: 0, pointNumber: step}]);
  }

  pointNowhere() { if (this.node.data) window.Plotly.Fx.unhover(this.node); }
}
