// The page that the demo's browser job reads: an order whose total exists only after the page's own JavaScript has run.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = `<!doctype html>
<html lang="en">
  <title>Order 1042</title>
  <h1>Order 1042</h1>
  <ul id="items"></ul>
  <p>Total: <strong id="total">…</strong></p>
  <script>
    const items = [
      { name: 'Stage lamp', price: 89.5, count: 2 },
      { name: 'Prompt book', price: 12.25, count: 4 },
      { name: 'Velvet curtain', price: 310, count: 1 },
    ];
    document.querySelector('#items').innerHTML = items
      .map(({ name, price, count }) => '<li>' + count + ' × ' + name + ' at ' + price.toFixed(2) + ' EUR</li>')
      .join('');
    const total = items.reduce((sum, { price, count }) => sum + price * count, 0);
    setTimeout(() => (document.querySelector('#total').textContent = total.toFixed(2) + ' EUR'), 50);
  </script>
</html>
`;

export interface DemoPage extends AsyncDisposable {
  readonly url: string;
  /** host:port, as the egress guard wants it. */
  readonly host: string;
}

/** Serves the page on a free port of 127.0.0.1. */
export async function startDemoPage(): Promise<DemoPage> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/order`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
