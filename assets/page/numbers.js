// Numbers as the page shows them, with a true minus sign.
export const fixed = (number, digits = 2) => {
  const text = number.toFixed(digits);
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '\u2212');
};

// Four decimals at most; smaller numbers keep three significant digits.
export const exact = (number) => {
  const small = number !== 0 && Math.abs(number) < 0.001;
  return (small ? number.toExponential(2) : String(Number(number.toFixed(4)))).replaceAll('-', '\u2212');
};
