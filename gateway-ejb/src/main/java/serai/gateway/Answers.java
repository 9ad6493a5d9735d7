// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;

/**
 * Reads one answer for each request, without interim ones (100, 103). A byte that nobody asked for ends the connection: it must not
 * become the beginning of the next answer.
 */
final class Answers extends HttpResponseDecoder {
    private boolean awaited;
    private boolean begun;
    private boolean toHead;
    private boolean switched;

    /** @param maxHeaders bytes of an answer's fields */
    Answers(int maxHeaders) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(maxHeaders)
                .setMaxHeaderSize(maxHeaders)
                .setMaxChunkSize(64 << 10)
                .setStrictLineParsing(
                        false) // small servers end lines as they like; where an answer ends is no question of that
                .setUseRfc9112TransferEncoding(true)
                .setAllowDuplicateContentLengths(false));
    }

    /** A request is sent. @param head whether its method is HEAD, whose answer has no body, whatever it says */
    void await(boolean head) {
        awaited = true;
        begun = false;
        toHead = head;
    }

    /** Whether a byte has come since the request was sent. */
    boolean haveBegun() {
        return begun;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws Exception {
        if (switched) {
            return; // another protocol: for who comes after this decoder
        }
        if (!awaited) {
            in.skipBytes(in.readableBytes());
            context.close();
            return;
        }
        begun = true;
        int before = out.size();
        super.decode(context, in, out);
        look(out.subList(before, out.size()));
    }

    private void look(List<Object> read) {
        for (var part : read) {
            if (part instanceof HttpResponse head && head.decoderResult().isSuccess()) {
                switched = head.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
                if (isInterim(head)) {
                    read.clear(); // with its end, which comes at once
                    return;
                }
            }
            if (part instanceof LastHttpContent) {
                awaited = false;
            }
        }
    }

    private boolean isInterim(HttpResponse head) {
        return head.status().codeClass() == HttpStatusClass.INFORMATIONAL && !switched;
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
        return toHead
                || ((HttpResponse) message).status().codeClass() == HttpStatusClass.INFORMATIONAL
                || super.isContentAlwaysEmpty(message);
    }
}
