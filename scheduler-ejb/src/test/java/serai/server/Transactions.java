// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.server;

import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.TransactionSynchronizationRegistry;
import jakarta.transaction.Transactional;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.annotation.AnnotationList;
import net.bytebuddy.dynamic.loading.ClassLoadingStrategy;
import net.bytebuddy.implementation.InvocationHandlerAdapter;
import net.bytebuddy.matcher.ElementMatchers;
import org.hibernate.Session;
import org.jdbi.v3.core.ConnectionFactory;

/**
 * What the server does around our beans, for tests: a method marked as transactional joins the thread's transaction or has
 * one of its own; entities and statements share its connection; who wants to hear of the commit hears of it.
 */
final class Transactions implements ConnectionFactory {
    private final EntityManagerFactory factory;
    private final DataSource source;

    @SuppressWarnings("ThreadLocalUsage") // one for each test server
    private final ThreadLocal<Running> running = new ThreadLocal<>();

    Transactions(EntityManagerFactory factory, DataSource source) {
        this.factory = factory;
        this.source = source;
    }

    private static final class Running {
        final EntityManager em;
        final Map<Object, Object> resources = new HashMap<>();
        final List<Synchronization> synchronizations = new ArrayList<>();

        Running(EntityManager em) {
            this.em = em;
        }
    }

    /** Inside of a transaction its own; outside, a fresh one for each call, as a server has it. */
    EntityManager entities() {
        return proxy(EntityManager.class, (proxy, method, arguments) -> {
            var current = running.get();
            return call(method, current == null ? factory.createEntityManager() : current.em, arguments);
        });
    }

    TransactionSynchronizationRegistry registry() {
        return proxy(TransactionSynchronizationRegistry.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "getTransactionStatus" -> running.get() == null ? Status.STATUS_NO_TRANSACTION : Status.STATUS_ACTIVE;
            case "getResource" -> running.get().resources.get(arguments[0]);
            case "putResource" -> running.get().resources.put(arguments[0], arguments[1]);
            case "registerInterposedSynchronization" -> {
                running.get().synchronizations.add((Synchronization) arguments[0]);
                yield null;
            }
            default -> throw new UnsupportedOperationException(method.getName());
        });
    }

    /** A subclass of the bean whose transactional methods have their transaction. */
    <T> T around(Class<T> bean, Object... arguments) {
        try {
            var type = new ByteBuddy()
                    .subclass(bean)
                    .method(ElementMatchers.isPublic()
                            .and(ElementMatchers.not(ElementMatchers.isDeclaredBy(Object.class)))
                            .and(method -> isTransactional(bean, method.getDeclaredAnnotations())))
                    .intercept(InvocationHandlerAdapter.of((InvocationHandler)
                            (self, method, given) -> within(() -> superCall(bean, self, method, given))))
                    .make()
                    .load(bean.getClassLoader(), ClassLoadingStrategy.UsingLookup.of(lookup(bean)))
                    .getLoaded();
            for (var constructor : type.getConstructors()) {
                if (constructor.getParameterCount() == arguments.length) {
                    return bean.cast(constructor.newInstance(arguments));
                }
            }
            throw new IllegalArgumentException(bean + " has no such constructor");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A method's own annotation goes before its class's. */
    private static boolean isTransactional(Class<?> bean, AnnotationList annotations) {
        var own = annotations.ofType(Transactional.class);
        var transactional = own == null ? bean.getAnnotation(Transactional.class) : own.load();
        return transactional != null && transactional.value() != Transactional.TxType.SUPPORTS;
    }

    private static java.lang.invoke.MethodHandles.Lookup lookup(Class<?> bean) throws IllegalAccessException {
        return java.lang.invoke.MethodHandles.privateLookupIn(bean, java.lang.invoke.MethodHandles.lookup());
    }

    private static Object superCall(Class<?> bean, Object self, Method method, Object[] arguments) throws Throwable {
        return lookup(self.getClass())
                .unreflectSpecial(bean.getMethod(method.getName(), method.getParameterTypes()), self.getClass())
                .bindTo(self)
                .invokeWithArguments(arguments == null ? new Object[0] : arguments);
    }

    private interface Work {
        Object run() throws Throwable;
    }

    private Object within(Work work) throws Throwable {
        if (running.get() != null) {
            return work.run();
        }
        var own = new Running(factory.createEntityManager());
        running.set(own);
        int status = Status.STATUS_ROLLEDBACK;
        own.em.getTransaction().begin();
        try {
            var result = work.run();
            own.em.getTransaction().commit();
            status = Status.STATUS_COMMITTED;
            return result;
        } finally {
            if (own.em.getTransaction().isActive()) {
                own.em.getTransaction().rollback();
            }
            own.em.close();
            running.remove();
            for (var synchronization : own.synchronizations) {
                synchronization.afterCompletion(status);
            }
        }
    }

    @Override
    public Connection openConnection() throws SQLException {
        var current = running.get();
        return current == null
                ? source.getConnection()
                : current.em.unwrap(Session.class).doReturningWork(connection -> connection);
    }

    @Override
    public void closeConnection(Connection connection) throws SQLException {
        if (running.get() == null) {
            connection.close();
        }
    }

    /** For what the server brings and nobody here asks for. */
    static <T> T unused(Class<T> type) {
        return proxy(type, (proxy, method, arguments) -> {
            throw new UnsupportedOperationException(method.toString());
        });
    }

    /** The server's threads, where nobody has to wait for them. */
    static ManagedExecutorService atOnce() {
        return proxy(ManagedExecutorService.class, (proxy, method, arguments) -> {
            if (!method.getName().equals("execute")) {
                throw new UnsupportedOperationException(method.toString());
            }
            ((Runnable) arguments[0]).run();
            return null;
        });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Object call(Method method, Object target, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
