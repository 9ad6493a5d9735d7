# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Django under ASGI, in one file: an async view that waits without a thread, and one that streams.

Deploy it with ./serai modal deploy examples/web/django_app.py
"""

import modal

app = modal.App("django-app", image=modal.Image.debian_slim().uv_pip_install("django"))


@app.function()
@modal.concurrent(max_inputs=50)
@modal.asgi_app()
def site():
    import asyncio
    import secrets

    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.http import JsonResponse, StreamingHttpResponse
    from django.urls import path

    async def slow(request):
        await asyncio.sleep(0.2)
        return JsonResponse({"path": request.path, "secure": request.is_secure()})

    async def count(request, up_to: int):
        async def lines():
            for i in range(up_to):
                yield f"{i}\n"
                await asyncio.sleep(0.05)

        return StreamingHttpResponse(lines(), content_type="text/plain")

    settings.configure(
        SECRET_KEY=secrets.token_hex(),  # in earnest: from a modal.Secret
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=(path("slow", slow), path("count/<int:up_to>", count)),
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    )
    django.setup()
    return get_asgi_application()
