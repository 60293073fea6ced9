/** Plays a person in a browser at the development provider's page, by plain HTTP with cookies. */

/** Follows the address to the login form, fills it in, and follows back to the loopback page; answers its text. */
export async function playSignIn(url: string, email: string, password: string): Promise<string> {
  const cookies = new Map<string, string>();
  const visit = async (
    address: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; text: string }> => {
    let current = address;
    let body = form === undefined ? undefined : new URLSearchParams(form).toString();
    for (let hops = 0; hops < 10; hops++) {
      const response = await fetch(current, {
        redirect: 'manual',
        headers: {
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(body === undefined ? {} : { method: 'POST', body }),
      });
      for (const line of response.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      const location = response.headers.get('location');
      if (location === null) return { url: current, text: await response.text() };
      current = new URL(location, current).href;
      body = undefined;
    }
    throw new Error('too many redirects');
  };
  const form = await visit(url);
  if (!form.text.includes('name="password"')) return form.text;
  return (await visit(form.url, { email, password })).text;
}
