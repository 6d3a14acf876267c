"use client";

import { useEffect } from "react";
import { load, signedIn } from "./edgepixel";

/** Put it into the root of the app, once. `player` is who is signed in; nothing while that is nobody, or not known yet. */
export function EdgepixelTag({ player }: { player?: string | null | undefined }) {
  useEffect(() => load("https://YOUR-HOST", "YOUR-PROJECT"), []);
  useEffect(() => {
    if (player) signedIn(player);
  }, [player]);
  return null;
}
