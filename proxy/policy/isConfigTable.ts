/** Which tables hold configuration, told by their names. */

/** Whole names. */
const names = new Set([
  'setting',
  'settings',
  'preferences',
  'flag',
  'flags',
  'toggles',
  'parameters',
  'hyperparameters',
  'hyper_parameters',
]);

/** Last words of names: `app_settings`, `billing_config`, `feature_flags`, `model_parameters`. */
const endings =
  /_(?:settings?|configs?|configurations?|flags?|toggles?|parameters?|params?|hyperparameters?|hyperparams?)$/;

/** First words of names: `config`, `config_values`, `configuration`, `feature_flag_rules`, `settings_history`. */
const beginnings = /^(?:config|settings?_|feature_?(?:flag|toggle)|hyper_?param)/;

/**
 * Whether a table's name says that it holds configuration: settings, feature flags, model parameters (DESIGN.md §5).
 * A name in camel case counts like the same in snake case. Errs to true: that costs a review, the other a surprise.
 * @param name without schema, as the statement names it.
 */
export function isConfigTable(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  return names.has(words) || endings.test(words) || beginnings.test(words);
}
