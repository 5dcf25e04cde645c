export default {
  extends: 'stylelint-config-recommended',
  rules: {'no-descending-specificity': null},  // rules are sorted by what they dress
};
