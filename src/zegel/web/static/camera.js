/* A camera: frames go to whoever serves the page, until a certificate is read in one of them. */
"use strict";

const video = document.getElementById("camera");
const state = document.getElementById("camera-state");
const form = document.querySelector("#camera-form form");
const found = document.getElementById("camera-text");
const PAUSE = 400; // milliseconds between two frames
const WIDEST = 1600; // pixels of a frame
const BUSY = [429, 503]; // whoever serves the page says in Retry-After when to come again
const LATER = 2; // seconds, where it does not
const LOOKING = "Looking for a code …";

async function frame() {
  const scale = Math.min(1, WIDEST / video.videoWidth);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
}

async function read(stream) {
  const body = new FormData();
  body.append("csrf", form.elements.csrf.value);
  body.append("picture", await frame(), "frame.jpg");
  const response = await fetch(video.dataset.frame, { method: "POST", body, credentials: "same-origin" });
  if (BUSY.includes(response.status)) {
    const seconds = Number(response.headers.get("retry-after")) || LATER;
    state.textContent = `Busy. Looking again in ${seconds} s …`;
    return setTimeout(() => next(stream), seconds * 1000);
  }
  const type = response.headers.get("content-type") || "";
  if (!response.ok || !type.startsWith("application/json")) throw new Error("this program is locked, or gone");
  state.textContent = LOOKING;
  const { text } = await response.json();
  if (text === null) return setTimeout(() => next(stream), PAUSE);
  stream.getTracks().forEach((track) => track.stop());
  found.value = text;
  return form.submit();
}

function next(stream) {
  read(stream).catch((error) => {
    stream.getTracks().forEach((track) => track.stop());
    state.textContent = `Nothing was read: ${error.message}. Load this page again to try once more.`;
  });
}

navigator.mediaDevices
  .getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } }, audio: false })
  .then((stream) => {
    video.srcObject = stream;
    video.addEventListener("playing", () => next(stream), { once: true });
    state.textContent = LOOKING;
  })
  .catch(() => {
    state.textContent = "There is no camera, or it may not be used here. A picture of the code does as well.";
  });
