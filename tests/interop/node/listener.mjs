// An HTTP or HTTPS listener on loopback whose port is known before the application behind it exists.
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'

export async function listen(host, tls) {
  const application = { handle: (_request, response) => response.writeHead(503).end() }
  const handler = (request, response) => application.handle(request, response)
  const server = tls ? createSecureServer(tls, handler) : createServer(handler)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `${tls ? 'https' : 'http'}://${host}:${server.address().port}`
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { origin, close, serve: (app) => Object.assign(application, { handle: app }) }
}
