# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""A service that makes music: a page's API that never waits, a composer with its model loaded once, and a song of the day.

The composer stands for a model on a GPU: it turns words into tones. Deploy it with ./serai modal deploy examples/web/music.py, then

    curl -X POST '<address>/songs?prompt=hello+world'     # {"song": "fc-…"}
    curl -o song.wav '<address>/songs/fc-…'               # 202 until it is there
"""

import modal

app = modal.App("music")
RATE = 22_050  # samples a second
web_image = modal.Image.debian_slim().uv_pip_install("fastapi")


@app.cls(scaledown_window=300, max_containers=4)
class Composer:
    """Add gpu="L4" where there is a model."""

    @modal.enter()
    def load(self) -> None:
        scale = (0, 2, 4, 7, 9)  # what is pentatonic has no wrong notes
        self.notes = [220 * 2 ** ((octave * 12 + step) / 12) for octave in range(3) for step in scale]

    @modal.method()
    def compose(self, prompt: str) -> bytes:
        """A letter is a tone. A WAV file, mono, of 16 bits."""
        import io
        import math
        import struct
        import wave

        song, length = io.BytesIO(), RATE // 8
        with wave.open(song, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            for letter in prompt:
                tone = self.notes[ord(letter) % len(self.notes)] if letter.strip() else 0
                fading = ((1 - i / length) * math.sin(2 * math.pi * tone * i / RATE) for i in range(length))
                file.writeframes(b"".join(struct.pack("<h", round(12_000 * x)) for x in fading))
        return song.getvalue()


@app.function(image=web_image)
@modal.concurrent(max_inputs=100)
@modal.asgi_app()
def api():
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import JSONResponse, Response

    web = FastAPI(title="Music")

    @web.post("/songs", status_code=202)
    async def order(prompt: str) -> dict[str, str]:
        if not 0 < len(prompt) <= 200:
            raise HTTPException(422, "a prompt has 1 to 200 letters")
        call = await Composer().compose.spawn.aio(prompt)
        return {"song": call.object_id}

    @web.get("/songs/{song}")
    async def fetch(song: str) -> Response:
        try:
            music = await modal.FunctionCall.from_id(song).get.aio(timeout=0)
        except TimeoutError:
            return JSONResponse({"state": "being composed"}, 202, {"Retry-After": "1"})
        except modal.exception.NotFoundError:
            raise HTTPException(404, "there is no such song") from None
        return Response(music, media_type="audio/wav")

    return web


@app.function(schedule=modal.Cron("0 6 * * *", timezone="Europe/Berlin"))
def song_of_the_day() -> int:
    """Every morning at six. Its result is kept with the call, see GET /api/v1/calls."""
    import datetime

    music = Composer().compose.remote(f"{datetime.date.today():%A %d %B}")
    print(f"the song of the day has {len(music)} bytes")
    return len(music)
