/** The HTML around a webview page: one script, one style, and a content security policy that allows nothing else. */
import { randomBytes } from 'node:crypto';
import { type ExtensionContext, Uri, type Webview, type WebviewOptions } from 'vscode';

/** Options for the webview of a page: scripts on, files from dist/media only. */
export function pageOptions(context: ExtensionContext): WebviewOptions {
  return { enableScripts: true, localResourceRoots: [mediaFolder(context)] };
}

/**
 * @param page name of a folder in media/ with a main.ts; its bundle is dist/media/PAGE.js and PAGE.css.
 * The page's script finds `<div id="root">`, and `data-codicons` on `<body>`: the address of codicon.css, to be used by
 * components that load it into their shadow root.
 */
export function pageHtml(context: ExtensionContext, webview: Webview, page: string, title: string): string {
  const nonce = randomBytes(16).toString('base64url');
  const address = (file: string) => webview.asWebviewUri(Uri.joinPath(mediaFolder(context), file)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // Lit and the elements put style sheets into shadow roots; style attributes are needed for virtual rows.
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `font-src ${webview.cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${address('codicon.css')}" id="vscode-codicon-stylesheet">
<link rel="stylesheet" href="${address(`${page}.css`)}">
<title>${escapeHtml(title)}</title>
</head>
<body data-codicons="${address('codicon.css')}">
<div id="root"></div>
<script type="module" nonce="${nonce}" src="${address(`${page}.js`)}"></script>
</body>
</html>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function mediaFolder(context: ExtensionContext): Uri {
  return Uri.joinPath(context.extensionUri, 'dist', 'media');
}
