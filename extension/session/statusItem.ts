/** The one status bar item: who is signed in, whether the proxy runs, and where statements go. */
import { type ExtensionContext, StatusBarAlignment, ThemeColor, window } from 'vscode';
import type { ProxyControl } from '../kit/proxyControl.ts';
import { statusText } from './statusText.ts';

const backgrounds = {
  none: undefined,
  warning: new ThemeColor('statusBarItem.warningBackground'),
  error: new ThemeColor('statusBarItem.errorBackground'),
};

export function registerStatusItem(context: ExtensionContext, proxy: ProxyControl): void {
  const item = window.createStatusBarItem('portcullis.status', StatusBarAlignment.Left);
  item.name = 'Portcullis';
  item.command = 'portcullis.showActions';
  const show = () => {
    const { text, tooltip, background } = statusText(proxy.hostState, proxy.status);
    item.text = text;
    item.tooltip = tooltip;
    item.backgroundColor = backgrounds[background];
    // The icon and the dot say nothing to a screen reader.
    item.accessibilityInformation = {
      label: `Portcullis. ${text.replace(/\$\([^)]*\)\s*/g, '').replace(' · ', ', ')}`,
    };
  };
  show();
  item.show();
  context.subscriptions.push(item, proxy.onStatus(show), proxy.onHostState(show));
}
