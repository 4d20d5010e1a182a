// What a browser is told with every page.

/**
 * Nothing but what this server serves, no inline script or style, no frame around it, no form that sends elsewhere.
 * `same-origin` and not `no-referrer`: under that one browsers hide the origin of a form, by which it is checked.
 */
const always = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "content-type": "text/html; charset=utf-8",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
  "cache-control": "no-store",
} as const;

/** `secure`: the browser came over HTTPS, and is to do so from now on. */
export function pageHeaders(secure: boolean): Record<string, string> {
  return secure ? { ...always, "strict-transport-security": "max-age=31536000" } : { ...always };
}
