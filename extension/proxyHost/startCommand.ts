/** The command "Portcullis: Start on This Machine": `portcullis up` in a terminal of the editor. */
import { commands, type ExtensionContext, window } from 'vscode';

const terminalName = 'Portcullis';

export function registerStartCommand(context: ExtensionContext): void {
  context.subscriptions.push(
    commands.registerCommand('portcullis.start', () => {
      const running = window.terminals.find(
        ({ name, exitStatus }) => name === terminalName && exitStatus === undefined,
      );
      const terminal =
        running ??
        window.createTerminal({
          name: terminalName,
          // The editor's own Node runs the command, so none needs to be installed.
          shellPath: process.execPath,
          shellArgs: [context.asAbsolutePath('dist/cli.cjs'), 'up'],
          env: { ELECTRON_RUN_AS_NODE: '1' },
        });
      terminal.show();
    }),
  );
}
