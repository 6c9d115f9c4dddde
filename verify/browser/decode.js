// Reads a seal code off a picture, away from the page so that it stays responsive. A classic worker: jsQR is no module.
/* global jsQR */
importScripts("jsQR.js");

self.addEventListener("message", ({ data: { pixels, width, height, port } }) => {
  const found = jsQR(new Uint8ClampedArray(pixels), width, height, { inversionAttempts: "dontInvert" });
  port.postMessage(found ? found.data : null);
});
