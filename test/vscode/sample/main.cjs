/** An extension with one of each thing that the driver handles. */
const vscode = require('vscode');

exports.activate = (context) => {
  const item = vscode.window.createStatusBarItem('sample.status', vscode.StatusBarAlignment.Left);
  item.text = '$(heart) Sample ready';
  item.show();
  vscode.window
    .createOutputChannel('Sample', { log: true })
    .info(`activated, at home in ${process.env.HOME}`);
  context.environmentVariableCollection.replace('SAMPLE_WORD', 'watermelon');
  findForbiddenWords(context);
  vscode.window.registerTreeDataProvider('sample.plants', {
    getTreeItem: (name) => new vscode.TreeItem(name, name === 'Oak' ? 1 : 0),
    getChildren: (name) => (name === undefined ? ['Oak', 'Elm'] : name === 'Oak' ? ['Acorn'] : []),
  });
  vscode.window.registerUriHandler({
    handleUri: (uri) => vscode.window.showInformationMessage(`Arrived: ${uri.path}?${uri.query}`),
  });
  const on = (id, work) => context.subscriptions.push(vscode.commands.registerCommand(id, work));
  on('sample.greet', async () => {
    const answer = await vscode.window.showInformationMessage('Hello from the sample', 'Wave Back', 'Ignore');
    if (answer !== undefined) item.text = `Sample heard: ${answer}`;
  });
  on('sample.ask', async () => {
    const answer = await vscode.window.showWarningMessage('Really?', { modal: true }, 'Go Ahead');
    item.text = `Sample was told: ${answer}`;
  });
  on('sample.outside', async () => {
    const back = `${vscode.env.uriScheme}://portcullis-tests.sample/back?from=outside`;
    const callback = await vscode.env.asExternalUri(vscode.Uri.parse(back));
    // A string, for a Uri would lose the encoding of the address within the address.
    const query = `callback=${encodeURIComponent(callback.toString(true))}`;
    await vscode.env.openExternal(`${process.env.SAMPLE_LINK}?${query}`);
  });
  on('sample.page', () => showPage(item));
};

function showPage(item) {
  const column = vscode.ViewColumn.Active;
  const panel = vscode.window.createWebviewPanel('sample', 'Sample Page', column, { enableScripts: true });
  panel.webview.onDidReceiveMessage((message) => {
    item.text = `Sample page said: ${message}`;
  });
  panel.webview.html = `<!doctype html><h1>A page of the sample</h1><button>Say</button><script>
    const { postMessage } = acquireVsCodeApi();
    document.querySelector('button').onclick = () => postMessage('hello');
  </script>`;
}

function findForbiddenWords(context) {
  const found = vscode.languages.createDiagnosticCollection('sample');
  const look = (document) => {
    const at = document.getText().indexOf('forbidden');
    const range = new vscode.Range(document.positionAt(at), document.positionAt(at + 'forbidden'.length));
    found.set(document.uri, at < 0 ? [] : [new vscode.Diagnostic(range, 'This word is forbidden')]);
  };
  context.subscriptions.push(
    found,
    vscode.workspace.onDidChangeTextDocument(({ document }) => look(document)),
  );
}
