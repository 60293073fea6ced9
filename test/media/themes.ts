/** Colours of the editor's own themes, for pages that are looked at without an editor. */

export type Theme = 'dark' | 'light' | 'highContrast';

const shared: Readonly<Record<string, string>> = {
  'font-family': 'system-ui, sans-serif',
  'font-size': '13px',
  'editor-font-family': 'monospace',
  'editor-font-size': '13px',
};

const dark: Readonly<Record<string, string>> = {
  foreground: '#cccccc',
  descriptionForeground: '#9d9d9d',
  errorForeground: '#f85149',
  focusBorder: '#0078d4',
  'panel-background': '#181818',
  'panel-border': '#2b2b2b',
  'editor-background': '#1f1f1f',
  'editor-foreground': '#cccccc',
  'editor-selectionBackground': '#264f78',
  'editorLineNumber-foreground': '#6e7681',
  'editorWarning-foreground': '#cca700',
  'editorError-foreground': '#f14c4c',
  'inputValidation-warningBackground': '#352a05',
  'inputValidation-warningBorder': '#b89500',
  'inputValidation-errorBackground': '#5a1d1d',
  'list-hoverBackground': '#2a2d2e',
  'tree-tableColumnsBorder': '#cccccc20',
  'tree-tableOddRowsBackground': '#cccccc0a',
  'button-secondaryBackground': '#313131',
  'button-secondaryHoverBackground': '#3c3c3c',
  'button-secondaryForeground': '#cccccc',
  'menu-background': '#1f1f1f',
  'menu-foreground': '#cccccc',
  'menu-border': '#454545',
  'progressBar-background': '#0078d4',
};

const light: Readonly<Record<string, string>> = {
  foreground: '#3b3b3b',
  descriptionForeground: '#616161',
  errorForeground: '#c72e0f',
  focusBorder: '#005fb8',
  'panel-background': '#f8f8f8',
  'panel-border': '#e5e5e5',
  'editor-background': '#ffffff',
  'editor-foreground': '#3b3b3b',
  'editor-selectionBackground': '#add6ff',
  'editorLineNumber-foreground': '#6e7681',
  'editorWarning-foreground': '#8a6100',
  'editorError-foreground': '#e51400',
  'inputValidation-warningBackground': '#f6f5d2',
  'inputValidation-warningBorder': '#b89500',
  'inputValidation-errorBackground': '#f2dede',
  'list-hoverBackground': '#f2f2f2',
  'tree-tableColumnsBorder': '#61616120',
  'tree-tableOddRowsBackground': '#3333330a',
  'button-secondaryBackground': '#e5e5e5',
  'button-secondaryHoverBackground': '#cccccc',
  'button-secondaryForeground': '#3b3b3b',
  'menu-background': '#ffffff',
  'menu-foreground': '#3b3b3b',
  'menu-border': '#cecece',
  'progressBar-background': '#005fb8',
};

const highContrast: Readonly<Record<string, string>> = {
  foreground: '#ffffff',
  descriptionForeground: '#ffffffb3',
  errorForeground: '#f48771',
  contrastBorder: '#6fc3df',
  contrastActiveBorder: '#f38518',
  focusBorder: '#f38518',
  'panel-background': '#000000',
  'panel-border': '#6fc3df',
  'editor-background': '#000000',
  'editor-foreground': '#ffffff',
  'editor-selectionBackground': '#ffffff',
  'editor-selectionForeground': '#000000',
  'editorLineNumber-foreground': '#ffffff',
  'editorWarning-foreground': '#ffd370',
  'editorError-foreground': '#f48771',
  'button-secondaryForeground': '#ffffff',
  'button-border': '#6fc3df',
  'menu-background': '#000000',
  'menu-foreground': '#ffffff',
  'menu-border': '#6fc3df',
  'progressBar-background': '#6fc3df',
};

const variables = (colours: Readonly<Record<string, string>>) =>
  Object.entries({ ...shared, ...colours })
    .map(([name, value]) => `--vscode-${name}: ${value};`)
    .join(' ');

export const themes: Readonly<Record<Theme, string>> = {
  dark: variables(dark),
  light: variables(light),
  highContrast: variables(highContrast),
};
