"""Sends events to Edgepixel from a server. Python 3.8 or newer, without any package."""
import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

URL = os.environ["EDGEPIXEL_URL"]
PROJECT = os.environ["EDGEPIXEL_PROJECT"]
KEY = os.environ["EDGEPIXEL_KEY"]
SECRET = os.environ["EDGEPIXEL_PIXEL_SECRET"]
TRIES = 5


def track(event: dict) -> dict:
    """Sends one event, and sends it again where that fails. Its id stays the same, so it counts once."""
    body = json.dumps({"event_id": str(uuid.uuid4()), **event}).encode()
    headers = {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"}
    for attempt in range(TRIES):
        wait = None
        try:
            request = urllib.request.Request(URL + "/api/v1/events", data=body, headers=headers)
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise ValueError("Edgepixel refused the event: " + error.read().decode()) from None
            wait = error.headers.get("Retry-After")
        except OSError:
            pass  # No network, no answer in time, or the connection broke: it may have arrived or not.
        if attempt < TRIES - 1:
            time.sleep(float(wait or 2**attempt))
    raise RuntimeError(f"Edgepixel could not be reached in {TRIES} tries")


def signed_pixel(path: str, fields: dict) -> str:
    """The address of a pixel whose fields nobody can change, for an image in a page."""
    fields = {"project_id": PROJECT, **fields}
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    sig = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{URL}{path}?{urllib.parse.urlencode({**fields, 'sig': sig})}"


if __name__ == "__main__":
    print(track({"event_type": "registration", "player_id": "player-42", "banner_tag": "summer"}))
    deposit = {"player_id": "player-42", "amount": "25.00", "currency": "EUR", "transaction_id": "T-1001"}
    print(track({"event_type": "deposit", **deposit}))
    print(signed_pixel("/deposit", {"btag": "summer", **deposit}))
