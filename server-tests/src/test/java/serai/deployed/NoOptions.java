// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.deployed;

import jakarta.enterprise.context.Dependent;
import serai.function.Definition;
import serai.function.OptionReader;
import serai.workspace.Tenant;

/** In place of the edges', which are left out: nobody asks for options here. */
@Dependent
public class NoOptions implements OptionReader {
    @Override
    public Derived apply(Definition base, byte[] options) {
        throw new UnsupportedOperationException("no options here");
    }

    @Override
    public void mustExist(Tenant tenant, Definition.Duties duties) {
        throw new UnsupportedOperationException("no options here");
    }
}
