/** Edgepixel at a path of the site itself: https://www.example.com/e/pixel.js, /e/visit and so on. Nothing else of it. */
const PIXEL = /^\/e(\/(?:pixel\.js|project\.json|visit|registration|deposit|happened))$/;

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const path = PIXEL.exec(url.pathname)?.[1];
    if (path === undefined) return new Response("There is nothing here.", { status: 404 });
    url.pathname = path;
    // The visitor's address and country come along; the site's own cookies do not.
    const forwarded = new Request(url, request);
    forwarded.headers.delete("cookie");
    return env.EDGEPIXEL.fetch(forwarded);
  },
};
