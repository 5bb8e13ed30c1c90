// Follows where a page's main frame goes, to tell a step that failed from a page that was never reached: what the proxy
// refused looks like any other page (over http) or like a bare network error (over https).
import type { Page, Request } from 'playwright-core';
import type { ToolError } from '../tool.ts';
import type { EgressProxy } from '../egress/proxy.ts';

/** What the proxy answers in place of a page. */
const PROXY_STATUS = new Set([403, 502]);

export interface Navigation {
  /** Rejects with the proxy's reason when the page that was asked for is not there because of it. */
  readonly failed: Promise<never>;
  /** That reason, if the page that is shown now is none. */
  failure(): ToolError | undefined;
}

export function followNavigation(page: Page, proxy: EgressProxy): Navigation {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  let failure: ToolError | undefined;
  const fail = (url: string): void => {
    failure = proxy.failureAt(url);
    if (failure !== undefined) reject(failure);
  };
  const ofMainFrame = (request: Request): boolean => {
    if (!request.isNavigationRequest()) return false;
    try {
      return request.frame() === page.mainFrame();
    } catch {
      return false; // of a frame that does not exist yet, so not of the main one
    }
  };
  page.on('request', (request) => {
    if (ofMainFrame(request)) failure = undefined;
  });
  page.on('requestfailed', (request) => {
    if (ofMainFrame(request)) fail(request.url());
  });
  page.on('response', (response) => {
    if (ofMainFrame(response.request()) && PROXY_STATUS.has(response.status())) fail(response.url());
  });
  return { failed, failure: () => failure };
}
