//! The decompositions of the selected matrices, and copies of the model without some of their
//! singular values.

use super::AblationError;
use super::select::Select;
use super::surgery::{Replacement, replaced};
use super::walk::{Parameter, walk};
use crate::layout::Unread;
use burn_core::module::{Module, ParamId};
use burn_core::tensor::{DType, TensorData};
use rmt_core::layers::LayerId;
use rmt_core::spectrum::{Decomposition, decompose};
use rmt_core::{Matrix, RmtError, Values};
use rmt_monitor::{Layout, Matrices, NameRules, ReadError, WeightValues};
use std::collections::{HashMap, HashSet};

/// Names of a model's matrices in a message, at most.
const NAMED: usize = 12;

/// Selected parameters in the order of the model, tied ones once.
pub(super) struct Selected {
    parameters: Vec<SelectedParameter>,
    /// The first parameter of the model, selected or not, that is not initialized.
    uninitialized: Option<String>,
}

struct SelectedParameter {
    layer: LayerId,
    id: ParamId,
    shape: Vec<usize>,
    dtype: DType,
    values: WeightValues,
    matrices: Matrices,
    /// One a matrix, in storage order.
    decompositions: Vec<Decomposition>,
}

/// Which singular values go: for each matrix, by rank.
pub(super) struct Removal(Vec<Vec<bool>>);

impl Removal {
    /// How many.
    pub(super) fn count(&self) -> usize {
        self.0.iter().flatten().filter(|&&removed| removed).count()
    }
}

impl Selected {
    /// Reads and decomposes what is selected.
    pub(super) fn read<M: Module>(
        model: &M,
        select: &Select,
        layouts: &[(String, Layout)],
    ) -> Result<Self, AblationError> {
        let layouts = NameRules::new("layout", layouts)?;
        let compiled = select.compiled()?;
        let walked = walk(model);
        let mut chosen = HashSet::new();
        for parameter in &walked.found {
            let reading = parameter.reading(layouts.of(&parameter.name).copied());
            let layer = match &reading {
                Ok(reading) => reading.layer(&parameter.name, parameter.part),
                Err(_) => LayerId::from_name(&*parameter.name),
            };
            if compiled.takes(&parameter.name, layer.kind) {
                reading.map_err(|why| unread(parameter, why))?;
                chosen.insert(parameter.id);
            }
        }
        if chosen.is_empty() {
            let names: Vec<&str> = walked.found.iter().map(|p| p.name.as_str()).collect();
            let selection = select.to_string();
            return Err(AblationError::NothingSelected { selection, known: known(&names) });
        }
        let mut parameters: Vec<SelectedParameter> = Vec::new();
        for parameter in walked.found {
            if !chosen.contains(&parameter.id) {
                continue;
            }
            let layout = layouts.of(&parameter.name).copied();
            let first = parameters.iter().find(|first| first.id == parameter.id);
            let read = SelectedParameter::read(parameter, layout)?;
            match first {
                None => parameters.push(read.decomposed()?),
                Some(first) if first.values == read.values => {}
                Some(first) => {
                    let (layer, first) = (read.layer.name, first.layer.name.clone());
                    return Err(AblationError::Untied { layer, first });
                }
            }
        }
        Ok(Self { parameters, uninitialized: walked.uninitialized })
    }

    /// That no forward of a copy draws a parameter of the model, which shares it.
    pub(super) fn all_initialized(&self) -> Result<(), AblationError> {
        match &self.uninitialized {
            Some(layer) => Err(AblationError::Uninitialized { layer: layer.clone() }),
            None => Ok(()),
        }
    }

    /// What `of` says of each matrix.
    pub(super) fn each<T>(
        &self,
        mut of: impl FnMut(&Matrix<'_>) -> Result<T, RmtError>,
    ) -> Result<Vec<T>, AblationError> {
        let mut all = Vec::new();
        for parameter in &self.parameters {
            for part in 0..parameter.matrices.parts {
                let found = parameter.matrix(part).and_then(|matrix| of(&matrix));
                all.push(found.map_err(|cause| parameter.failed(part, cause))?);
            }
        }
        Ok(all)
    }

    /// The number of singular values of each matrix.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let decompositions = self.parameters.iter().flat_map(|p| &p.decompositions);
        decompositions.map(|d| d.singular_values.len()).collect()
    }

    /// The values for which `removed(matrix, k, m)` is true.
    pub(super) fn removal(&self, mut removed: impl FnMut(usize, usize, usize) -> bool) -> Removal {
        let sizes = self.sizes().into_iter().enumerate();
        Removal(sizes.map(|(i, m)| (0..m).map(|k| removed(i, k, m)).collect()).collect())
    }

    /// A copy of the model without these values.
    pub(super) fn without<M: Module>(
        &self,
        model: &M,
        removal: &Removal,
    ) -> Result<M, AblationError> {
        let mut ranks = removal.0.iter();
        let mut values = HashMap::new();
        for parameter in &self.parameters {
            let ranks: Vec<&[bool]> =
                ranks.by_ref().take(parameter.matrices.parts).map(Vec::as_slice).collect();
            // What loses nothing is not touched, and keeps its bits.
            if ranks.iter().any(|ranks| ranks.contains(&true)) {
                values.insert(parameter.id, parameter.without(&ranks)?);
            }
        }
        Ok(replaced(model, values))
    }
}

impl SelectedParameter {
    fn read(parameter: Parameter, layout: Option<Layout>) -> Result<Self, AblationError> {
        let reading = parameter.reading(layout).map_err(|why| unread(&parameter, why))?;
        let Parameter { name, id, shape, stored, part, .. } = parameter;
        let layer = reading.layer(&name, part);
        let Some((dtype, handle)) = stored else {
            return Err(AblationError::Uninitialized { layer: name });
        };
        if matches!(dtype, DType::QFloat(_)) {
            return Err(AblationError::Quantized { layer: name });
        }
        let read = |cause| AblationError::Read { layer: name.clone(), cause };
        let values = handle.read().map_err(read)?;
        let count = values.as_values().iter().filter(|value| !value.is_finite()).count();
        if count > 0 {
            return Err(AblationError::NotFinite { layer: name, count });
        }
        let (matrices, decompositions) = (reading.matrices, Vec::new());
        Ok(Self { layer, id, shape, dtype, values, matrices, decompositions })
    }

    fn decomposed(mut self) -> Result<Self, AblationError> {
        for part in 0..self.matrices.parts {
            let decomposed = self.matrix(part).and_then(|matrix| decompose(&matrix));
            let decomposed = decomposed.map_err(|cause| self.failed(part, cause))?;
            self.decompositions.push(decomposed);
        }
        Ok(self)
    }

    /// The matrix of this number.
    fn matrix(&self, part: usize) -> Result<Matrix<'_>, RmtError> {
        let Matrices { shape: [rows, cols], orientation, .. } = self.matrices;
        let size = rows * cols;
        let place = part * size..(part + 1) * size;
        let values: Values<'_> = match &self.values {
            WeightValues::F32(v) => v.get(place).unwrap_or_default().into(),
            WeightValues::F64(v) => v.get(place).unwrap_or_default().into(),
        };
        Matrix::new(values, rows, cols, orientation)
    }

    /// The parameter without these ranks of each of its matrices, rounded to its type once.
    fn without(&self, ranks: &[&[bool]]) -> Result<Replacement, AblationError> {
        let mut values = Vec::with_capacity(self.values.as_values().len());
        for (part, (decomposition, ranks)) in self.decompositions.iter().zip(ranks).enumerate() {
            let removed = |k: usize| ranks.get(k).is_some_and(|&removed| removed);
            let without =
                self.matrix(part).and_then(|matrix| decomposition.without(&matrix, removed));
            values.extend(without.map_err(|cause| self.failed(part, cause))?);
        }
        let data = TensorData::new(values, self.shape.clone()).try_cast(self.dtype);
        let data = data.map_err(|error| AblationError::Read {
            layer: self.layer.name.clone(),
            cause: ReadError(error.to_string()),
        })?;
        Ok(Replacement::new(data, self.dtype))
    }

    fn failed(&self, part: usize, cause: RmtError) -> AblationError {
        let layer = match self.matrices.parts {
            1 => self.layer.name.clone(),
            _ => self.layer.clone().with_part(part.to_string()).path(),
        };
        AblationError::Analysis { layer, cause }
    }
}

fn unread(parameter: &Parameter, why: Unread) -> AblationError {
    let (layer, shape) = (parameter.name.clone(), parameter.shape.clone());
    match why {
        Unread::Unknown => AblationError::NotAMatrix { layer, shape },
        Unread::Unfit(layout) => AblationError::Unfit { layer, shape, layout },
    }
}

fn known(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "no matrix".into(),
        more if more > NAMED => format!("{shown} and {} more", more - NAMED),
        _ => shown,
    }
}
