// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.server;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ContextService;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The application server's context, which transactions and look-ups of names want around them. To set it up and take it down
 * costs about as much as one of the queue's statements, so the methods that every call passes do without and step into it only
 * where they need it.
 */
@ApplicationScoped
public class ServerContext {
    @Resource(lookup = "java:comp/DefaultContextService")
    private ContextService contexts;

    private volatile Function<Supplier<Object>, Object> results = Supplier::get;
    private volatile Consumer<Runnable> works = Runnable::run;

    /** As it is on this thread. Listeners do it when they are started. */
    public void capture() {
        results = contexts.contextualFunction(Supplier::get);
        works = contexts.contextualConsumer(Runnable::run);
    }

    @SuppressWarnings("unchecked")
    public <T> T get(Supplier<T> work) {
        return (T) results.apply((Supplier<Object>) work);
    }

    public void run(Runnable work) {
        works.accept(work);
    }
}
