// Reads a seal code off a picture, away from the page so that it stays responsive. A classic worker: jsQR is no module.
/* global jsQR */
importScripts("jsQR.js");

self.addEventListener("message", ({ data: { pixels, width, height } }) => {
  const found = jsQR(new Uint8ClampedArray(pixels), width, height, { inversionAttempts: "dontInvert" });
  self.postMessage(found ? found.data : null);
});
