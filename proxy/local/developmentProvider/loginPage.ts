/** The development provider's one page: e-mail and password. */

export interface LoginPage {
  /** As given before. */
  readonly email?: string;
  readonly problem?: string;
  /** The sign-in that this page belonged to is over. */
  readonly isOver?: boolean;
}

export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  // No form-action: browsers apply it to the redirect after the form as well, which leads to the loopback address.
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export function loginPage({ email = '', problem, isOver = false }: LoginPage): string {
  const alert = problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`;
  const body = isOver
    ? `${alert}<p>This sign-in is over. Close this page and start again in the editor.</p>`
    : `<form method="post">
${alert}
<label>E-mail<input name="email" type="email" autocomplete="username" required ${email === '' ? 'autofocus' : ''} value="${escapeHtml(email)}"></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required ${email === '' ? '' : 'autofocus'}></label>
<button>Sign in</button>
</form>
<p><small>This is the development provider of this machine. Its people and passwords were printed when it was started.</small></p>`;
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in to Portcullis (development)</title>
<style>
:root { color-scheme: light dark; --accent: light-dark(#0b5cad, #2f7fd1); --line: light-dark(#767676, #8c8c8c); --alert: light-dark(#a1260d, #f48771); }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f3f3f3, #1e1e1e); color: light-dark(#222, #ddd); }
main { width: min(24rem, 92vw); padding: 2rem; border-radius: 8px; background: light-dark(#fff, #252526); box-shadow: 0 1px 4px #0004; }
h1 { font-size: 1.3rem; margin: 0 0 1rem; }
label { display: block; margin: 0 0 1rem; }
input { display: block; width: 100%; margin-top: .25rem; padding: .5rem; font: inherit; color: inherit; background: light-dark(#fff, #1e1e1e); border: 1px solid var(--line); border-radius: 4px; }
button { width: 100%; padding: .6rem; font: inherit; color: #fff; background: var(--accent); border: 0; border-radius: 4px; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[role=alert] { color: var(--alert); }
small { opacity: .8; }
</style></head>
<body><main><h1>Sign in to Portcullis (development)</h1>
${body}
</main></body></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
