/** The webview's side of the transport: typed messages to the host, whole snapshots from it. */

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface HostChannel<Outgoing, Incoming> {
  post(message: Outgoing): void;
  listen(listener: (message: Incoming) => void): void;
  /** Kept by the editor while the page is hidden. */
  state: { get(): unknown; set(state: unknown): void };
}

/** To be called once a page. */
export function openHostChannel<Outgoing, Incoming>(): HostChannel<Outgoing, Incoming> {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    listen: (listener) => window.addEventListener('message', (event) => listener(event.data as Incoming)),
    state: { get: () => api.getState(), set: (state) => api.setState(state) },
  };
}
