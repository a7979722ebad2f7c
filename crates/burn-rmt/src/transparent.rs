//! Wrappers that behave like the module inside them in everything burn does with it.

/// Implements burn's `Module` for `$wrapper<M>` by its field `$inner: M`. Names of parameters are the
/// inner module's own: nothing stands before them, so that checkpoints load with and without.
macro_rules! transparent_module {
    ($wrapper:ident, $inner:ident) => {
        #[allow(clippy::needless_update)] // a wrapper may have no other field
        impl<M: burn_core::module::Module> burn_core::module::Module for $wrapper<M> {
            fn collect_devices(
                &self,
                devices: burn_core::module::Devices,
            ) -> burn_core::module::Devices {
                self.$inner.collect_devices(devices)
            }

            fn fork(self, device: &burn_core::tensor::Device) -> Self {
                Self { $inner: self.$inner.fork(device), ..self }
            }

            fn to_device(self, device: &burn_core::tensor::Device) -> Self {
                Self { $inner: self.$inner.to_device(device), ..self }
            }

            fn train(self) -> Self {
                Self { $inner: self.$inner.train(), ..self }
            }

            fn valid(&self) -> Self {
                Self { $inner: self.$inner.valid(), ..self.clone() }
            }

            fn materialize(self) -> Self {
                Self { $inner: self.$inner.materialize(), ..self }
            }

            fn visit<V: burn_core::module::ModuleVisitor>(&self, visitor: &mut V) {
                self.visiting();
                self.$inner.visit(visitor);
            }

            fn map<Mapper: burn_core::module::ModuleMapper>(self, mapper: &mut Mapper) -> Self {
                Self { $inner: self.$inner.map(mapper), ..self }
            }
        }
    };
}

pub(crate) use transparent_module;
