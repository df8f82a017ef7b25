/** Ports of the test application. */
export const ports = {
  http: 8080,
  http2: 8081,
  echo: 9000,
  banner: 9001,
  count: 9002,
  tls: 9443,
} as const
