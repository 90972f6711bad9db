// Figures of a large page travel compressed and are unpacked here, in their order.
(async () => {
  for (const place of document.querySelectorAll("[data-svg]")) {
    const bytes = Uint8Array.from(atob(place.dataset.svg), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    place.innerHTML = await new Response(stream).text();
    place.removeAttribute("data-svg");
  }
})();
