import { describe, expect, it } from 'vitest';
import { isConfigTable } from '../../../proxy/policy/isConfigTable.ts';

describe('a table is taken for configuration by its name', () => {
  it.each(
    `settings setting app_settings AppSettings user-settings Settings settings_history config configs
    config_values configuration billing_config ServiceConfig flags feature_flags featureFlags feature_flag_rules
    feature_toggles model_parameters ModelParameters hyperparameters hyper_parameters training_hyperparameters
    preferences run_params`.split(/\s+/),
  )('%s is', (name) => {
    expect(isConfigTable(name)).toBe(true);
  });

  it.each(
    `customers orders payments flagship parameterised_queries confidence settlements resettings_of model
    models parametric toggled reconfigured employees datasets documents`.split(/\s+/),
  )('%s is not', (name) => {
    expect(isConfigTable(name)).toBe(false);
  });
});
