// The page's own address, as a reload will find it. On a Space a page of the Hub stands around this one, and its address holds the same.
const HUB = 'https://huggingface.co';

export const keepAddress = (url) => {
  history.replaceState(history.state, '', url);
  if (parent === window || !document.referrer.startsWith(`${HUB}/`)) return;
  const own = [...url.searchParams].filter(([name]) => !name.startsWith('__'));  // the others are the Hub's and Gradio's
  parent.postMessage({queryString: new URLSearchParams(own).toString()}, HUB);
};
