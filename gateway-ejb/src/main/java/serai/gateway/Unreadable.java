// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;

/** Why a request could not be read. */
final class Unreadable {
    private Unreadable() {}

    static Refusal why(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException e ->
                new Refusal(414, "target-too-long", "The request's target is too long", e.getMessage());
            case TooLongHttpHeaderException e ->
                new Refusal(431, "headers-too-large", "The request's headers are too large", e.getMessage());
            default -> Refusal.badRequest("the request breaks the rules of HTTP: " + cause.getMessage());
        };
    }
}
