// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import serai.problem.ProblemException;
import serai.workspace.Tenant;

/**
 * Functions that are bound to parameters of their class, or to other options than their definition has. A variant is a
 * function with an id and pools of its own; its definition follows its base's from one publication to the next.
 */
@ApplicationScoped
public class Variants {
    private static final System.Logger LOG = System.getLogger(Variants.class.getName());

    private final Functions functions;
    private final OptionReader reader;

    @Inject
    public Variants(Functions functions, OptionReader reader) {
        this.functions = functions;
        this.reader = reader;
    }

    public Variants() {
        this(null, null); // for the server's proxy
    }

    /**
     * Always the same variant for the same base and binding.
     *
     * @param base a function of its own
     * @throws serai.problem.ProblemException for options that the platform does not have, or that contradict the base
     */
    @Transactional
    public Function bind(Tenant tenant, Function base, Binding binding) {
        var present = functions.variant(base.id(), binding);
        return present.isPresent() && present.get().definitionId() != null
                ? present.get()
                : make(tenant, functions.hold(base.id()), binding);
    }

    /** The base is held: two first requests make one variant, and no publication comes between. */
    private Function make(Tenant tenant, Function base, Binding binding) {
        var variant = functions.variant(base.id(), binding).orElseGet(() -> functions.reserveVariant(base, binding));
        if (variant.definitionId() == null && base.definitionId() != null) {
            run(variant, functions.definition(base.definitionId()));
            reader.mustExist(
                    tenant, functions.definition(variant.definitionId()).duties());
        }
        return variant;
    }

    /** The base runs by another definition from now on. Called by whoever publishes it, in that transaction. */
    void follow(Function base, Definition definition) {
        functions.runPlainVariants(base, definition);
        for (var variant : functions.variantsWithOptions(base)) {
            try {
                run(variant, definition);
            } catch (ProblemException e) { // whoever asks for it again is told; the others go on
                LOG.log(WARNING, "variant {0} of {1} does not follow: {2}", variant.id(), base.name(), e.getMessage());
                variant.rest();
            }
        }
    }

    private void run(Function variant, Definition base) {
        if (variant.options().isEmpty()) {
            variant.run(base);
            return;
        }
        var derived = reader.apply(base, variant.options().get());
        variant.run(functions.define(variant, derived.wire(), derived.duties()));
    }
}
