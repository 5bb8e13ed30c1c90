// The one Chromium of this process: started when it is first needed, started anew after it crashed. Jobs share the browser
// and nothing in it: each has a context of its own.
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { ToolError } from '../tool.ts';

const START_TIMEOUT_MS = 30_000;

/** Nothing outside a job's own proxy is reached: the browser's own traffic ends at a closed port. */
const NOWHERE = { server: 'http://127.0.0.1:1', bypass: '<-loopback>' };

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-domain-reliability',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--dns-prefetch-disable',
  '--no-first-run',
  '--no-pings',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  // The proxy resolves names; the browser must not ask the DNS beside it.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

export class SharedBrowser implements AsyncDisposable {
  readonly #executable: string | undefined;
  #starting: Promise<Browser> | undefined;

  constructor(executable: string | undefined) {
    this.#executable = executable;
  }

  /** A browser that runs. Throws ToolError `browser_missing` or `browser_failed`. */
  async get(): Promise<Browser> {
    const starting = (this.#starting ??= this.#start());
    const browser = await starting;
    if (browser.isConnected()) return browser;
    this.#forget(starting);
    return this.get();
  }

  async #start(): Promise<Browser> {
    if (this.#executable === undefined) throw missing;
    const starting = chromium.launch({
      executablePath: this.#executable,
      headless: true,
      // Chromium refuses to sandbox as root.
      chromiumSandbox: process.getuid?.() !== 0,
      proxy: NOWHERE,
      args: FLAGS,
      timeout: START_TIMEOUT_MS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    return starting.catch((cause: unknown) => {
      this.#starting = undefined;
      throw notStarted(cause);
    });
  }

  #forget(starting: Promise<Browser>): void {
    if (this.#starting === starting) this.#starting = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const browser = await this.#starting?.catch(() => undefined);
    await browser?.close();
  }
}

const FIX =
  'The operator can install Chromium so that it is on PATH, or set CHROMIUM_PATH to its executable.';

const missing = new ToolError({
  code: 'browser_missing',
  message: 'No Chromium was found where this tool runs.',
  hint: FIX,
});

const notStarted = (cause: unknown): ToolError =>
  cause instanceof Error && cause.message.includes("executable doesn't exist")
    ? new ToolError(
        { code: 'browser_missing', message: 'CHROMIUM_PATH names no file.', hint: FIX },
        { cause },
      )
    : new ToolError(
        { code: 'browser_failed', message: 'Chromium did not start.', hint: `Try again later. ${FIX}` },
        { retryable: true, cause },
      );
