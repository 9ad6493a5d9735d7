// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import serai.workspace.Tenant;

/** What the options of a variant make of its base's definition. Known to whoever reads the client's messages. */
public interface OptionReader {
    /**
     * @param options in the client's words
     * @throws serai.problem.ProblemException for what the platform does not have, or what contradicts the base
     */
    Derived apply(Definition base, byte[] options);

    /** @throws serai.problem.ProblemException for an object that is asked for and is not the tenant's */
    void mustExist(Tenant tenant, Definition.Duties duties);

    /** What a definition is made of. */
    record Derived(Definition.Wire wire, Definition.Duties duties) {}
}
