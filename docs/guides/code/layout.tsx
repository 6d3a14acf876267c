import type { ReactNode } from "react";
import { EdgepixelTag } from "./edgepixel-tag";
import { currentPlayer } from "./session"; // your own: the id of who is signed in, or null

export default async function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <EdgepixelTag player={await currentPlayer()} />
        {children}
      </body>
    </html>
  );
}
